using Xunit;

namespace Engine.Model.Tests.Model;

/// <summary>A sequence's results have the same bits alone and in any batch (dropout off).</summary>
[Collection(ModelDevices.Collection)]
public sealed class BatchInvarianceTests(ModelDevices devices)
{
    [Theory]
    [InlineData(HeadKind.PooledSoftmax)]
    [InlineData(HeadKind.ClsSigmoid)]
    [InlineData(HeadKind.MeanSoftmax)]
    public void Small_models(HeadKind kind)
    {
        // Every length that a tile boundary may lie at or beside, up to the model's 64 positions.
        int[] lengths = [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 1, 64, 12];
        foreach (string name in new[] { "tanh", "wide" })
            Check(Fixtures.At("models", name), lengths, new HeadOptions(kind, kind == HeadKind.ClsSigmoid ? ["a", "b"] : ["a", "b", "c"]), lengths.Length);
    }

    [Fact]
    public void The_shipped_model_up_to_4096_tokens()
    {
        int[] lengths = [1, 2, 3, 5, 17, 33, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 512, 384, 512, 323];
        Assert.Equal(4096, lengths.Sum());
        Check(Fixtures.MiniLm, lengths, new HeadOptions(HeadKind.PooledSoftmax, ["a", "b"]), 12);
    }

    private void Check(string folder, int[] lengths, HeadOptions head, int alone)
    {
        using var model = BertModel.Load(devices.Get("cpu"), folder, head, 3, new BatchLimits(lengths.Sum(), lengths.Length));
        var batch = Batches.Random(model.Configuration, lengths, 5);
        var (states, logits, probabilities) = Run(model, batch);
        int hidden = model.Configuration.HiddenSize;
        foreach (int first in Enumerable.Range(0, lengths.Length).Where(i => i < alone || i == lengths.Length - 1))
        {
            int begin = batch.SequenceOffsets.Span[first];
            int count = first % 4 == 3 && first + 2 <= lengths.Length ? 2 : 1;
            var (ownStates, ownLogits, ownProbabilities) = Run(model, Batches.Part(batch, first, count));
            Assert.True(states.AsSpan(begin * hidden, ownStates.Length).SequenceEqual(ownStates), $"{folder}: states of sequence {first}");
            Assert.True(logits.AsSpan(first * head.Outputs, ownLogits.Length).SequenceEqual(ownLogits), $"{folder}: logits of sequence {first}");
            Assert.Equal(probabilities[(first * head.Outputs)..((first + count) * head.Outputs)], ownProbabilities);
        }
    }

    private static (float[] States, float[] Logits, float[] Probabilities) Run(BertModel model, PackedBatch batch)
    {
        model.Forward(batch);
        var states = new float[batch.TokenCount * model.Configuration.HiddenSize];
        var logits = new float[batch.SequenceCount * model.Configuration.Head!.Outputs];
        var probabilities = new float[logits.Length];
        model.ReadHiddenStates(model.Configuration.LayerCount, states);
        model.ReadLogits(logits);
        model.ReadProbabilities(probabilities);
        Assert.DoesNotContain(states, float.IsNaN);

        // Without the states that the head does not see: the same bits.
        model.Forward(batch, allStates: false);
        var again = new float[logits.Length];
        model.ReadLogits(again);
        Assert.Equal(logits, again);
        return (states, logits, probabilities);
    }
}
