using Engine.Model.Checkpoints;
using Engine.Model.Conversion.Verification;

namespace Engine.Model.Tests.Conversion;

/// <summary>What TensorFlow computes from tests/fixtures/checkpoints/hub-v4, in single precision; the other layouts hold the same encoder.</summary>
internal sealed class TensorFlowOutputs
{
    public TensorFlowOutputs()
    {
        using var file = SafetensorsFile.Open(Fixtures.At("checkpoints", "expected.safetensors"));
        int length = file.Tensors["in.input_mask"].Shape[1];
        int[] lengths = [.. file.ReadIntegers("in.input_mask").Chunk(length).Select(row => row.Sum())];
        T[] Pack<T>(T[] padded, int width) => [.. padded.Chunk(length * width).SelectMany((row, i) => row.Take(lengths[i] * width))];
        float[] Packed(string name) => Pack(file.ReadFloats(name), file.Tensors[name].Shape[^1]);

        int[] offsets = [0, .. lengths.Select((_, i) => lengths[..(i + 1)].Sum())];
        Batch = new PackedBatch(Pack(file.ReadIntegers("in.input_word_ids"), 1), Pack(file.ReadIntegers("in.input_type_ids"), 1), offsets, default);
        var positions = file.ReadIntegers("in.masked_lm_positions");
        int asked = positions.Length / lengths.Length;
        MaskedTokens = [.. positions.Select((position, i) => offsets[i / asked] + position)];
        Outputs = new Dictionary<string, float[]>
        {
            [ModelOutput.Layer(0)] = Packed("out.encoder_outputs.0"),
            [ModelOutput.Layer(1)] = Packed("out.sequence_output"),
            [ModelOutput.Pooled] = file.ReadFloats("out.pooled_output"),
            [ModelOutput.MaskedLogits] = file.ReadFloats("out.mlm_logits"),
        };
    }

    /// <summary>The input without its padding.</summary>
    public PackedBatch Batch { get; }

    /// <summary>The tokens that the masked-word logits are of, counted over the whole batch.</summary>
    public int[] MaskedTokens { get; }

    /// <summary>By the names of the reference's outputs.</summary>
    public IReadOnlyDictionary<string, float[]> Outputs { get; }
}
