using Engine.Compute;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion.Verification;

/// <summary>
/// Compares what a source and its conversion compute from one input: <see cref="ReferenceEncoder"/> in double precision on the source's own tensors, the
/// engine on the folder that was written.
/// </summary>
/// <remarks>
/// Weights that were rounded to float16 or bfloat16 are rounded in the reference too, by code of its own. So one tolerance, that of single-precision
/// arithmetic, serves all types, and a fault cannot hide behind a rounding that is a thousand times larger.
/// </remarks>
internal static class ConversionVerification
{
    /// <summary>
    /// What float32 arithmetic errs by after two layers, with a factor of five to spare (3.8e-7 was measured; PyTorch's own errs by 3.6e-7). Layers err
    /// independently, so that the sum grows with the square root of their number.
    /// </summary>
    private const double ToleranceOfTwoLayers = 2e-6;

    /// <summary>Errors of thousands of numbers even out in their norm; those of the few logits of next sentence do not.</summary>
    private const double FewNumbers = 2.5;

    /// <summary>Computes both and compares all outputs that the source holds the weights of.</summary>
    /// <param name="source">The source's tensors.</param>
    /// <param name="names">Names that say what the tensors are, with those under which the source stores them.</param>
    /// <param name="settings">What the source's tensors do not say.</param>
    /// <param name="folder">The conversion.</param>
    /// <param name="device">Where the engine computes.</param>
    /// <param name="type">The type that the conversion's weights were rounded to.</param>
    /// <param name="seed">Decides the input.</param>
    /// <exception cref="ModelException">Source or folder cannot be read, or one has what the other lacks.</exception>
    public static IReadOnlyList<VerifiedOutput> Compare(
        ITensorSource source,
        IReadOnlyCollection<KeyValuePair<string, string>> names,
        ReferenceSettings settings,
        string folder,
        ComputeDevice device,
        TensorType type,
        ulong seed)
    {
        var configuration = BertConfiguration.Load(folder);
        var batch = new VerificationBatch(configuration, seed);
        IReadOnlyList<ModelOutput> Compute(TensorType rounding) =>
            new ReferenceEncoder(new ReferenceTensors(source, names, rounding), settings).Run(batch.Packed, batch.MaskedTokens);
        var reference = Compute(type);
        var exact = type == TensorType.F32 ? null : Compute(TensorType.F32);
        var actual = EngineOutputs.Compute(device, folder, batch);
        if (!reference.Select(output => output.Name).SequenceEqual(actual.Select(output => output.Name)))
            throw new ModelException($"{folder}: computes {Names(actual)}, but {source.Path} {Names(reference)}: the conversion is not complete");

        double tolerance = ToleranceOfTwoLayers * Math.Sqrt(Math.Max(2, configuration.LayerCount) / 2.0);
        return [.. reference.Select((output, i) => new VerifiedOutput(
            output.Name,
            Distance(actual[i].Values, output.Values),
            output.Name == ModelOutput.NextSentenceLogits ? FewNumbers * tolerance : tolerance,
            exact is null ? null : Distance(output.Values, exact[i].Values)))];
    }

    private static string Names(IEnumerable<ModelOutput> outputs) => string.Join(", ", outputs.Select(output => output.Name));

    /// <summary>The norm of the difference, relative to that of what was expected.</summary>
    private static double Distance(double[] actual, double[] expected)
    {
        double difference = 0, norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }

        return Math.Sqrt(difference / norm);
    }
}
