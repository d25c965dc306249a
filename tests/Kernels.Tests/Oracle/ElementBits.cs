namespace Engine.Kernels.Tests;

/// <summary>Operations on single elements, and the elementary functions that they are made of.</summary>
internal static class ElementBits
{
    /// <summary>Elements: whole groups of every shape and a part of one, and so many that a rounding which differs in one of a hundred is among them.</summary>
    private const int Count = 4099;

    public static IReadOnlyList<BitsOperation> All { get; } =
    [
        new("gelu, erf", run => Gelu(run, GeluForm.Erf)),
        new("gelu, tanh", run => Gelu(run, GeluForm.Tanh)),
        new("tanh", Tanh),
        new("sigmoid", Sigmoid),
        .. MathCase.All.Select(function => new BitsOperation($"function {function.Name}", run => run.Add(DeviceFunctions.Run(run.Device, function.Name, Arguments())))),
        new("adam", Adam),
        new("gradient norm", GradientNorm),
    ];

    private static void Gelu(BitsRun run, GeluForm form)
    {
        var gelu = new Gelu(run.Device);
        var x = run.Of(Arguments());
        gelu.Forward(x, run.Out(Count), Count, form);
        gelu.Backward(x, run.In(Count), run.Out(Count), run.Out(Count), Count, form);
    }

    private static void Tanh(BitsRun run)
    {
        var activation = new Activation(run.Device);
        var y = run.Out(Count);
        activation.TanhForward(run.Of(Arguments()), y, Count);
        activation.TanhBackward(y, run.In(Count), run.Out(Count), Count);
    }

    private static void Sigmoid(BitsRun run)
    {
        var activation = new Activation(run.Device);
        var y = run.Out(Count);
        activation.SigmoidForward(run.Of(Arguments()), y, Count);
        activation.SigmoidBackward(y, run.In(Count), run.Out(Count), Count);
    }

    /// <summary>All forms; with and without a factor of the gradients; blocks that decay and others.</summary>
    private static void Adam(BitsRun run)
    {
        const int Elements = 2 * Engine.Kernels.Adam.DecayBlock + 11;
        var adam = run.Keep(new Adam(run.Device));
        foreach (var form in Enum.GetValues<AdamForm>())
        {
            var (parameters, first, second) = (run.InOut(Elements), run.InOut(Elements), run.InOut(Elements, scale: 0f));
            var step = new AdamStep(form, 1e-3, 3, 0.01);
            var scale = form == AdamForm.BertAdam ? run.Of(0.75f) : default;
            adam.Run(parameters, run.In(Elements), first, second, run.Of(1f, 0f, 1f), scale, Elements, step);
            adam.Run(parameters, run.In(Elements), first, second, run.Of(1f, 0f, 1f), scale, Elements, step with { Step = 4 });
        }
    }

    /// <summary>A whole chunk and a part of one; a norm that is clipped, one that is not, and no clipping.</summary>
    private static void GradientNorm(BitsRun run)
    {
        const int Elements = Engine.Kernels.GradientNorm.ElementsPerChunk + 131;
        var norm = run.Keep(new GradientNorm(run.Device));
        var gradients = run.In(Elements);
        foreach (var most in new[] { 1f, 1000f, 0f })
            norm.Run(gradients, run.Out(2), Elements, most);
    }

    /// <summary>Numbers of every magnitude and both signs, zeros, infinities, subnormals, NaN; then many that functions bend at.</summary>
    private static float[] Arguments()
    {
        var arguments = new float[Count];
        for (var i = 0; i < 256; i++)
            arguments[i] = BitConverter.Int32BitsToSingle((i << 23) | (i * 0x12357 & 0x7FFFFF)) * ((i & 1) == 0 ? 1f : -1f);
        float[] special = [0f, -0f, 1f, -1f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.Epsilon, -float.Epsilon, float.MaxValue, -87f, -87.5f, 88.7f];
        special.CopyTo(arguments, 256);
        var random = new Random(1);
        for (var i = 256 + special.Length; i < Count; i++)
            arguments[i] = (random.NextSingle() * 2f - 1f) * 12f;
        return arguments;
    }
}
