using Engine.Model.Checkpoints;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Model.Tests.Reference;

/// <summary>
/// The shipped weights against PyTorch in double precision (its own single precision errs by 8.7e-7 in embeddings and 2.8e-6 in gradients).
/// </summary>
[Collection(ModelDevices.Collection)]
public sealed class MiniLmTests(ModelDevices devices, ITestOutputHelper output)
{
    [Fact]
    public void Sentence_embeddings_agree()
    {
        using var reference = SafetensorsFile.Open(Fixtures.At("minilm", "sentences.safetensors"));
        int count = reference.Tensors.Keys.Count(key => key.StartsWith("ids.", StringComparison.Ordinal));
        var batch = Pack([.. Enumerable.Range(0, count).Select(i => reference.ReadIntegers($"ids.{i}"))],
            [.. Enumerable.Range(0, count).Select(i => reference.ReadIntegers($"types.{i}"))], []);
        using var model = BertModel.Load(
            devices.Get("cpu"), Fixtures.MiniLm, null, 1, new BatchLimits(batch.TokenCount, batch.SequenceCount));
        int hidden = model.Configuration.HiddenSize;
        model.Forward(batch);
        var embeddings = new float[count * hidden];
        model.ReadEmbeddings(Pooling.Mean, embeddings);
        var pooled = new float[count * hidden];
        model.ReadEmbeddings(Pooling.Pooled, pooled);
        var states = new float[batch.TokenCount * hidden];
        model.ReadHiddenStates(model.Configuration.LayerCount, states);
        for (int i = 0; i < count; i++)
        {
            var embedding = embeddings.AsSpan(i * hidden, hidden).ToArray();
            double norm = Norms.Of(embedding);
            float[] unit = [.. embedding.Select(value => (float)(value / norm))];
            double error = Norms.RelativeError(unit, reference.ReadFloats($"embedding.{i}"));
            double pooledError = Norms.RelativeError(pooled.AsSpan(i * hidden, hidden), reference.ReadFloats($"pooled.{i}"));

            // Long texts have their first and last eight states only.
            int begin = batch.SequenceOffsets.Span[i], length = batch.SequenceOffsets.Span[i + 1] - begin;
            var rows = states.AsSpan(begin * hidden, length * hidden).ToArray();
            if (length > 64)
                rows = [.. rows[..(8 * hidden)], .. rows[^(8 * hidden)..]];
            double stateError = Norms.RelativeError(rows, reference.ReadFloats($"last_hidden_state.{i}"));
            output.WriteLine($"text {i} of {length} tokens: embedding {error:E2}, pooled {pooledError:E2}, states {stateError:E2}");
            Assert.InRange(error, 0, 3e-6);
            Assert.InRange(pooledError, 0, 3e-6);
            Assert.InRange(stateError, 0, 3e-6);
        }
    }

    [Fact]
    public void A_training_step_has_the_right_gradients()
    {
        using var reference = SafetensorsFile.Open(Fixtures.At("minilm", "step.safetensors"));
        int[][] ids = [.. Enumerable.Range(0, 16).Select(i => reference.ReadIntegers($"ids.{i}"))];
        var batch = Pack(ids, [.. ids.Select(row => new int[row.Length])], [.. reference.ReadFloats("labels").Select(label => (int)label)]);
        using var model = BertModel.Load(
            devices.Get("cpu"),
            Fixtures.MiniLm,
            new HeadOptions(HeadKind.ClsSigmoid, ["0", "1"]),
            1,
            new BatchLimits(batch.TokenCount, batch.SequenceCount),
            TrainedPart.All);
        model.WriteParameter("engine.head.weight", reference.ReadFloats("head.weight"));
        model.WriteParameter("engine.head.bias", reference.ReadFloats("head.bias"));
        model.ForwardTraining(batch, new TrainingPass(1, 0, 16, Dropout: false));
        var logits = new float[16];
        model.ReadLogits(logits);
        var losses = new float[16];
        model.ReadLosses(losses);
        double logitError = Norms.RelativeError(logits, reference.ReadFloats("logits"));
        Assert.InRange(logitError, 0, 5e-6);
        Assert.InRange(losses.Average(loss => (double)loss) / reference.ReadFloats("loss")[0], 1 - 5e-6, 1 + 5e-6);

        model.Backward();
        var names = reference.Tensors.Keys.Where(key => key.StartsWith("norm.", StringComparison.Ordinal)).Select(key => key["norm.".Length..]).ToArray();
        double total = Norms.Of(names.Select(name => reference.ReadFloats("norm." + name)[0]));
        double worstNorm = 0, worstFirst = 0, worstKeyBias = 0;
        foreach (string name in names)
        {
            var gradient = model.ReadGradient(name.StartsWith("head.", StringComparison.Ordinal) ? "engine." + name : name);
            double expectedNorm = reference.ReadFloats("norm." + name)[0];
            double floor = Math.Max(expectedNorm, 1e-3 * total);
            double norm = Norms.Of(gradient);
            if (name.EndsWith("key.bias", StringComparison.Ordinal))
            {
                worstKeyBias = Math.Max(worstKeyBias, norm / (1e-3 * total));
                Assert.True(norm < 1e-3 * total, $"{name}: norm {norm:E2}, whose true value is 0");
                continue;
            }

            // The floor per element: that of the whole tensor, spread over its elements.
            var first = reference.ReadFloats("first." + name);
            double firstError = Norms.OfDifference(gradient.AsSpan(0, first.Length), first) / Math.Sqrt(first.Length);
            double firstFloor = floor / Math.Sqrt(gradient.Length);
            worstNorm = Math.Max(worstNorm, Math.Abs(norm - expectedNorm) / floor);
            worstFirst = Math.Max(worstFirst, firstError / firstFloor);
            Assert.True(Math.Abs(norm - expectedNorm) <= 1e-5 * floor, $"{name}: norm {norm:E6}, expected {expectedNorm:E6}");
            Assert.True(firstError <= 1e-5 * firstFloor, $"{name}: first values err by {firstError / firstFloor:E2}");
        }

        output.WriteLine($"logits {logitError:E2}, norms {worstNorm:E2}, first values {worstFirst:E2}, key biases {worstKeyBias:E2} of the floor");
    }

    private static PackedBatch Pack(int[][] ids, int[][] segments, int[] labels) => new(
        ids.SelectMany(row => row).ToArray(),
        segments.SelectMany(row => row).ToArray(),
        (int[])[0, .. ids.Select((_, i) => ids.Take(i + 1).Sum(row => row.Length))],
        labels);
}
