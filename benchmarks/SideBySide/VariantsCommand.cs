using System.CommandLine;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.Variants;
using Engine.Compute;
using Engine.Kernels;

namespace Engine.Benchmarks.SideBySide;

/// <summary>
/// <c>side-by-side variants</c>: copies of the matrix product and of attention under other names, with statements reordered, another epilogue and odd tile
/// constants, against the originals. A back end that recognized kernels would leave the copies far behind.
/// </summary>
internal static class VariantsCommand
{
    private const double LeastSpeed = 0.9;

    /// <summary>Largest distance of the two results, relative to the result's norm: both are float32 sums of at most 4,096 products in different orders.</summary>
    private const double Tolerance = 1e-5;

    private static readonly ReportRow Row = new(
        "variants",
        "copies of the kernels under other names and constants: speed comes from the compiler, not from recognition",
        "the originals",
        Wanted.AtLeast(LeastSpeed, null, "x"));

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("variants", "side-by-side variants", Row);

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var threads = CommonOptions.Threads();
        var rounds = CommonOptions.Rounds(11);
        var only = new Option<string>("--only") { Description = "Only kernels whose name contains this, such as Forward or attention.", DefaultValueFactory = _ => string.Empty };
        var figures = FigureLog.MakeOption();
        var command = new Command("variants", "Rewritten copies of the matrix product and attention against the originals: at least 0.9 of their speed is wanted.")
        {
            threads, rounds, only, figures,
        };
        FigureLog.RequireWhole(command, figures, only);
        command.SetAction(parsed => Run(parsed.GetValue(threads), parsed.GetValue(rounds), parsed.GetValue(only)!, new FigureLog(parsed.GetValue(figures))));
        return command;
    }

    private static int Run(int threads, int rounds, string only, FigureLog figures)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Console.WriteLine(Machine.Description);
        Console.WriteLine(device.Name);
        Console.WriteLine();
        Console.WriteLine($"{"kernel",-26}{"size",-40}{"original ms",12}{"copy ms",12}{"copy's speed",14}");
        List<Speed> speeds = [.. MeasureProducts(device, rounds, only)];
        foreach (var shape in StepShape.Trained)
            speeds.AddRange(MeasureAttention(device, shape, rounds, only));
        if (speeds.Count == 0)
            throw new PeerException($"no kernel's name contains '{only}': expected a part of Forward, DataGradient, WeightGradient, AttentionForward or AttentionBackward");

        Console.WriteLine();
        var kernels = speeds.GroupBy(speed => speed.Kernel).Select(group => (Kernel: group.Key, Mean: Math.Exp(group.Average(speed => Math.Log(speed.Ratio))))).ToList();
        foreach (var (kernel, mean) in kernels)
            Console.WriteLine($"{kernel + ", geometric mean",-90}{mean,14:F2}  ({(mean >= LeastSpeed ? "at least" : "below")} {LeastSpeed})");
        if (only.Length == 0)
        {
            var (least, most) = (kernels.Min(kernel => kernel.Mean), kernels.Max(kernel => kernel.Mean));
            figures.Add(Row, least, $"{least:F2} to {most:F2} x their speed, mean of each kernel");
        }

        return kernels.All(kernel => kernel.Mean >= LeastSpeed) ? 0 : 1;
    }

    private static IReadOnlyList<Speed> MeasureProducts(ComputeDevice device, int rounds, string only)
    {
        var products = BertProduct.OfBert().Where(product => product.Tokens == 1024).ToList();
        var original = new Gemm(device);
        var copy = ReorderedGemm.Load(device);
        using var left = new DeviceMatrix(device, products.Max(product => product.LeftLength), 1);
        using var right = new DeviceMatrix(device, products.Max(product => product.RightLength), 2);
        using var result = new DeviceMatrix(device, products.Max(product => product.ResultLength));
        using var copiedResult = new DeviceMatrix(device, products.Max(product => product.ResultLength));

        void Original(BertProduct product)
        {
            var (m, n, k) = (product.Tokens, product.Outputs, product.Inputs);
            switch (product.Form)
            {
                case GemmForm.Forward:
                    original.Forward(left.View, right.View, default, result.View, m, n, k);
                    break;
                case GemmForm.DataGradient:
                    original.DataGradient(left.View, right.View, result.View, m, n, k, false);
                    break;
                case GemmForm.WeightGradient:
                    original.WeightGradient(left.View, right.View, result.View, m, n, k, false);
                    break;
            }

            device.Synchronize();
        }

        void Copy(BertProduct product)
        {
            copy.Run(product, left.View, right.View, copiedResult.View);
            device.Synchronize();
        }

        return Measure(rounds, only, [.. products.Select(product => new Pair(
            $"{product.Form}",
            $"{product.Layer} m={product.Tokens} n={product.Outputs} k={product.Inputs}",
            () => Original(product),
            () => Copy(product),
            () => Results.RequireEqual(product.Name, copiedResult, result, product.ResultLength, Tolerance)))]);
    }

    private static IReadOnlyList<Speed> MeasureAttention(ComputeDevice device, StepShape shape, int rounds, string only)
    {
        var headSize = shape.Hidden / shape.Heads;
        var tokens = shape.Batch * shape.Sequence;
        int[] offsets = [.. Enumerable.Range(0, shape.Batch + 1).Select(i => i * shape.Sequence)];
        var dropout = new DropoutState(0.1f, 1, 1, 1);
        using var original = new Attention(device, shape.Heads, headSize, tokens, shape.Batch);
        using var copy = ReorderedAttention.Load(device, shape.Heads, headSize, offsets, dropout);
        using var qkv = new DeviceMatrix(device, tokens * shape.Hidden * 3, 1);
        using var contextGradient = new DeviceMatrix(device, tokens * shape.Hidden, 2);
        using var context = new DeviceMatrix(device, tokens * shape.Hidden);
        using var copiedContext = new DeviceMatrix(device, tokens * shape.Hidden);
        using var qkvGradient = new DeviceMatrix(device, tokens * shape.Hidden * 3);
        using var copiedQkvGradient = new DeviceMatrix(device, tokens * shape.Hidden * 3);
        using var logSumExp = new DeviceMatrix(device, tokens * shape.Heads);
        original.Prepare(offsets);
        var size = $"{shape.Batch} x {shape.Sequence}, {shape.Heads} heads of {headSize}";
        var forward = new Pair(
            "AttentionForward",
            size,
            () => original.Forward(qkv.View, context.View, logSumExp.View, tokens, dropout, 0),
            () => copy.Forward(qkv.View, copiedContext.View, logSumExp.View),
            () => Results.RequireEqual("attention, forward", copiedContext, context, tokens * shape.Hidden, Tolerance));
        var backward = new Pair(
            "AttentionBackward",
            size,
            () => original.Backward(qkv.View, context.View, contextGradient.View, logSumExp.View, qkvGradient.View, tokens, dropout, 0),
            () => copy.Backward(qkv.View, context.View, contextGradient.View, logSumExp.View, copiedQkvGradient.View),
            () => Results.RequireEqual("attention, backward", copiedQkvGradient, qkvGradient, tokens * shape.Hidden * 3, Tolerance));
        return Measure(rounds, only, [forward, backward]);
    }

    /// <summary>Goes through all pairs, one turn of each side, round after round.</summary>
    private static IReadOnlyList<Speed> Measure(int rounds, string only, IEnumerable<Pair> pairs)
    {
        var wanted = pairs.Where(pair => pair.Kernel.Contains(only, StringComparison.OrdinalIgnoreCase)).ToList();
        var alternations = new List<Alternation>();
        foreach (var pair in wanted)
        {
            pair.Original();
            pair.Copy();
            pair.Compare();
            alternations.Add(new Alternation(pair.Original, pair.Copy) { WarmUp = 1, Calls = 3 });
        }

        for (var round = 0; round < rounds; round++)
        {
            foreach (var alternation in alternations)
                alternation.Turn();
        }

        var speeds = new List<Speed>();
        foreach (var (pair, alternation) in wanted.Zip(alternations))
        {
            var (original, copy) = alternation.Medians;
            Console.WriteLine($"{pair.Kernel,-26}{pair.Size,-40}{original * 1e3,12:F2}{copy * 1e3,12:F2}{original / copy,14:F2}");
            speeds.Add(new Speed(pair.Kernel, original / copy));
        }

        return speeds;
    }

    /// <summary>An original and its copy.</summary>
    /// <param name="Kernel">What they compute.</param>
    /// <param name="Size">Of which size.</param>
    /// <param name="Original">Runs the original.</param>
    /// <param name="Copy">Runs the copy.</param>
    /// <param name="Compare">Requires equal results.</param>
    private sealed record Pair(string Kernel, string Size, Action Original, Action Copy, Action Compare);

    /// <summary>A copy's speed.</summary>
    /// <param name="Kernel">What was computed.</param>
    /// <param name="Ratio">The copy's speed relative to the original's.</param>
    private sealed record Speed(string Kernel, double Ratio);
}
