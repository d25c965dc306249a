using System.CommandLine;
using Engine.Benchmarks.Report;
using Engine.Compute;
using Engine.Kernels;

namespace Engine.Benchmarks.SideBySide;

/// <summary><c>side-by-side gemm</c>: the linear layers' products against OpenBLAS.</summary>
internal static class GemmCommand
{
    /// <summary>
    /// Largest distance of the two results, relative to the result's norm. Both sum at most 3,072 products in float32, in different orders: the error
    /// of each grows with the square root of that, 55 x 6e-8.
    /// </summary>
    private const double Tolerance = 1e-5;

    /// <summary>Work of one timed turn, in floating-point operations: milliseconds, against the clock's and the scheduler's grain.</summary>
    private const double TurnWork = 2e9;

    private static readonly ReportRow MeanRow = new(
        "gemm", "BERT's 72 matrix products, geometric mean", "OpenBLAS", Wanted.AtLeast(1.0, 1.1, "x"));

    private static readonly ReportRow WorstRow = new("gemm-worst", "the worst of them", "OpenBLAS", Wanted.AtLeast(0.85, 0.95, "x"));

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("gemm", "side-by-side gemm", MeanRow, WorstRow);

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var threads = CommonOptions.Threads();
        var rounds = CommonOptions.Rounds(7);
        var only = new Option<string?>("--only") { Description = "Only shapes whose name contains this, such as Forward, ffn-in, m=33 or k=3072." };
        var figures = FigureLog.MakeOption();
        var command = new Command("gemm", "BERT's matrix products (forward, data gradient, weight gradient) against OpenBLAS's.") { threads, rounds, only, figures };
        FigureLog.RequireWhole(command, figures, only);
        command.SetAction(parsed => Run(parsed.GetValue(threads), parsed.GetValue(rounds), parsed.GetValue(only), new FigureLog(parsed.GetValue(figures))));
        return command;
    }

    private static int Run(int threads, int rounds, string? only, FigureLog figures)
    {
        if (OpenBlas.TryLoad(threads) is not { } blas)
        {
            Console.WriteLine("skipped: OpenBLAS (libopenblas.so.0) is not installed; on Debian and Ubuntu: apt-get install libopenblas0-pthread");
            figures.NotMeasured(Measurement.Rows, "OpenBLAS is not installed");
            return 0;
        }

        var shapes = BertProduct.OfBert().Where(shape => only is null || shape.Name.Contains(only, StringComparison.OrdinalIgnoreCase)).ToList();
        if (shapes.Count == 0)
            throw new PeerException($"no shape's name contains '{only}': expected a part of one such as 'Forward qkv m=33 n=1152 k=384'");

        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Console.WriteLine(Machine.Description);
        Console.WriteLine($"ours: {device.Name}");
        Console.WriteLine($"peer: {blas.Description}");
        Console.WriteLine();
        var times = Measure(device, blas, shapes, rounds);
        Console.WriteLine($"{"product",-16}{"layer",-18}{"m",6}{"n",6}{"k",6}{"ours GFLOP/s",14}{"peer GFLOP/s",14}{"ours/peer",11}");
        var ratios = new List<(BertProduct Shape, double Ratio)>();
        foreach (var (shape, (ours, peer)) in shapes.Zip(times))
        {
            ratios.Add((shape, peer / ours));
            Console.WriteLine(
                $"{shape.Form,-16}{shape.Layer,-18}{shape.Tokens,6}{shape.Outputs,6}{shape.Inputs,6}{shape.FloatingPointOperations / ours / 1e9,14:F1}{shape.FloatingPointOperations / peer / 1e9,14:F1}{peer / ours,11:F2}");
        }

        Console.WriteLine();
        foreach (var form in ratios.GroupBy(entry => entry.Shape.Form))
            Console.WriteLine($"{form.Key + ", geometric mean",-40}{GeometricMean(form.Select(entry => entry.Ratio)),8:F3}");
        var (worst, least) = ratios.MinBy(entry => entry.Ratio);
        Console.WriteLine($"{$"all {ratios.Count} products, geometric mean",-40}{GeometricMean(ratios.Select(entry => entry.Ratio)),8:F3}");
        Console.WriteLine($"{"worst",-40}{least,8:F3}  {worst.Name}");
        if (only is null)
        {
            figures.Add(MeanRow, GeometricMean(ratios.Select(entry => entry.Ratio)), FigureLog.Speed(GeometricMean(ratios.Select(entry => entry.Ratio))), blas.Version);
            figures.Add(WorstRow, least, $"{FigureLog.Speed(least)}: {worst.Name}", blas.Version);
        }

        return 0;
    }

    private static double GeometricMean(IEnumerable<double> ratios) => Math.Exp(ratios.Average(Math.Log));

    /// <summary>Goes through all shapes, one turn of each side, round after round: a disturbance of a second touches many shapes once, and no median.</summary>
    private static unsafe IReadOnlyList<(double Ours, double Peer)> Measure(
        ComputeDevice device, OpenBlas blas, IReadOnlyList<BertProduct> shapes, int rounds)
    {
        var gemm = new Gemm(device);
        using var left = new DeviceMatrix(device, shapes.Max(shape => shape.LeftLength), 1);
        using var right = new DeviceMatrix(device, shapes.Max(shape => shape.RightLength), 2);
        using var result = new DeviceMatrix(device, shapes.Max(shape => shape.ResultLength));
        using var bias = new DeviceMatrix(device, shapes.Max(shape => shape.Outputs));
        using var peerLeft = new NativeMatrix(left);
        using var peerRight = new NativeMatrix(right);
        using var peerResult = new NativeMatrix(result);

        void Ours(BertProduct shape)
        {
            var (m, n, k) = (shape.Tokens, shape.Outputs, shape.Inputs);
            switch (shape.Form)
            {
                case GemmForm.Forward:
                    gemm.Forward(left.View, right.View, bias.View, result.View, m, n, k);
                    break;
                case GemmForm.DataGradient:
                    gemm.DataGradient(left.View, right.View, result.View, m, n, k, false);
                    break;
                case GemmForm.WeightGradient:
                    gemm.WeightGradient(left.View, right.View, result.View, m, n, k, false);
                    break;
            }

            device.Synchronize();
        }

        void Peer(BertProduct shape)
        {
            var (m, n, k) = (shape.Tokens, shape.Outputs, shape.Inputs);
            switch (shape.Form)
            {
                case GemmForm.Forward:
                    blas.Multiply(peerLeft.Data, false, peerRight.Data, false, peerResult.Data, m, n, k);
                    break;
                case GemmForm.DataGradient:
                    blas.Multiply(peerLeft.Data, false, peerRight.Data, true, peerResult.Data, m, k, n);
                    break;
                case GemmForm.WeightGradient:
                    blas.Multiply(peerLeft.Data, true, peerRight.Data, false, peerResult.Data, k, n, m);
                    break;
            }
        }

        var alternations = shapes.Select(shape => new Alternation(() => Ours(shape), () => Peer(shape))
        {
            WarmUp = 2,
            Calls = Math.Max(1, (int)(TurnWork / shape.FloatingPointOperations)),
        }).ToList();
        foreach (var shape in shapes)
        {
            Ours(shape);
            Peer(shape);
            Results.RequireEqual(shape.Name, result.ToArray().AsSpan(0, shape.ResultLength), peerResult.Values, Tolerance);
        }

        for (var round = 0; round < rounds; round++)
        {
            foreach (var alternation in alternations)
                alternation.Turn();
        }

        return [.. alternations.Select(alternation => alternation.Medians)];
    }
}
