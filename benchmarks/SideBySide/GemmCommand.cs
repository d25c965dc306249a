using System.CommandLine;
using System.Globalization;
using System.Runtime.Intrinsics.X86;
using Engine.Benchmarks.Report;
using Engine.Compute;

namespace Engine.Benchmarks.SideBySide;

/// <summary><c>side-by-side gemm</c>: the linear layers' products against OpenBLAS.</summary>
internal static class GemmCommand
{
    /// <summary>
    /// Largest distance of the two results, relative to the result's norm. Both sum at most 4,096 products in float32, in different orders: the error
    /// of each grows with the square root of that, 64 x 6e-8.
    /// </summary>
    private const double Tolerance = 1e-5;

    /// <summary>How many of the slowest products are measured again, and how many times as many rounds: of so many medians the least is mostly a disturbance.</summary>
    private const int Again = 12;

    private const int MoreRounds = 3;

    private const string DotnetSwitch = "DOTNET_EnableAVX512";
    private const string OpenBlasSwitch = "OPENBLAS_CORETYPE";

    private static readonly ReportRow MeanRow = new(
        "gemm", "BERT's 108 matrix products (hidden size 384, 768, 1,024; 33, 528, 1,024 tokens), geometric mean", "OpenBLAS", Wanted.AtLeast(1.0, 1.1, "x"));

    private static readonly ReportRow WorstRow = new("gemm-worst", "the worst of them", "OpenBLAS", Wanted.AtLeast(0.85, 0.95, "x"));

    private static readonly ReportRow NarrowMeanRow = new(
        "gemm-no-avx512", "the same products with AVX-512 off on both sides, geometric mean", "OpenBLAS", Wanted.AtLeast(0.9, 1.05, "x"));

    private static readonly ReportRow NarrowWorstRow = new("gemm-no-avx512-worst", "the worst of them", "OpenBLAS");

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static IReadOnlyList<Measurement> Measurements { get; } =
    [
        new("gemm", "side-by-side gemm", MeanRow, WorstRow),
        new("gemm-no-avx512", "side-by-side gemm --no-avx512", NarrowMeanRow, NarrowWorstRow),
    ];

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var threads = CommonOptions.Threads();
        var rounds = CommonOptions.Rounds(7);
        var only = new Option<string?>("--only") { Description = "Only shapes whose name contains this, such as Forward, ffn-in, m=33 or k=3072." };
        var narrow = new Option<bool>("--no-avx512")
        {
            Description = $"Both sides as on a processor without AVX-512: a child process with {DotnetSwitch}=0 and {OpenBlasSwitch}=Haswell.",
        };
        var figures = FigureLog.MakeOption();
        var command = new Command(
            "gemm",
            "BERT's matrix products (forward, data gradient, weight gradient; hidden sizes 384, 768 and 1,024; 33, 528 and 1,024 tokens) against OpenBLAS's.")
        {
            threads, rounds, only, narrow, figures,
        };
        FigureLog.RequireWhole(command, figures, only);
        command.SetAction(parsed => parsed.GetValue(narrow) && Avx512F.IsSupported
            ? RunWithoutAvx512(parsed.GetValue(threads), parsed.GetValue(rounds), parsed.GetValue(only), parsed.GetValue(figures))
            : Run(parsed.GetValue(threads), parsed.GetValue(rounds), parsed.GetValue(only), parsed.GetValue(narrow), new FigureLog(parsed.GetValue(figures))));
        return command;
    }

    /// <summary>Runs the same command in a process in which neither side has AVX-512: both decide when they are loaded.</summary>
    private static int RunWithoutAvx512(int threads, int rounds, string? only, string? figures)
    {
        if (Environment.GetEnvironmentVariable(DotnetSwitch) == "0")
            throw new PeerException($"{DotnetSwitch}=0 is set and .NET {Environment.Version} still has AVX-512: it knows no such setting; run under .NET 10");
        string[] arguments =
        [
            "side-by-side", "gemm", "--no-avx512",
            "--threads", threads.ToString(CultureInfo.InvariantCulture),
            "--rounds", rounds.ToString(CultureInfo.InvariantCulture),
            .. only is null ? Array.Empty<string>() : ["--only", only],
            .. figures is null ? Array.Empty<string>() : ["--figures", figures],
        ];
        return ChildProcess.Run(arguments, onError: null, (DotnetSwitch, "0"), (OpenBlasSwitch, "Haswell"));
    }

    private static int Run(int threads, int rounds, string? only, bool narrow, FigureLog figures)
    {
        var (meanRow, worstRow) = narrow ? (NarrowMeanRow, NarrowWorstRow) : (MeanRow, WorstRow);
        if (OpenBlas.TryLoad(threads) is not { } blas)
        {
            Console.WriteLine("skipped: OpenBLAS (libopenblas.so.0) is not installed; on Debian and Ubuntu: apt-get install libopenblas0-pthread");
            figures.NotMeasured([meanRow, worstRow], "OpenBLAS is not installed");
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
        var (times, again) = Measure(device, blas, shapes, rounds);
        Console.WriteLine($"{"product",-16}{"layer",-18}{"m",6}{"n",6}{"k",6}{"ours GFLOP/s",14}{"peer GFLOP/s",14}{"ours/peer",11}");
        var ratios = new List<(BertProduct Shape, double Ratio)>();
        foreach (var (shape, (ours, peer)) in shapes.Zip(times))
        {
            ratios.Add((shape, peer / ours));
            Console.WriteLine(
                $"{shape.Form,-16}{shape.Layer,-18}{shape.Tokens,6}{shape.Outputs,6}{shape.Inputs,6}{shape.FloatingPointOperations / ours / 1e9,14:F1}{shape.FloatingPointOperations / peer / 1e9,14:F1}{peer / ours,11:F2}");
        }

        Console.WriteLine();
        ShowMeans([.. shapes.Zip(times, (shape, time) => (shape, time.Ours, time.Peer))]);
        foreach (var form in ratios.GroupBy(entry => entry.Shape.Form))
            Console.WriteLine($"{form.Key + ", geometric mean",-40}{GeometricMean(form.Select(entry => entry.Ratio)),8:F3}");
        Console.WriteLine($"{$"all {ratios.Count} products, geometric mean",-40}{GeometricMean(ratios.Select(entry => entry.Ratio)),8:F3}");
        Console.WriteLine();
        Console.WriteLine($"the {again.Count} slowest beside the peer, measured again, {MoreRounds} times as many rounds:");
        foreach (var (shape, (ours, peer)) in again)
            Console.WriteLine($"{shape.Name,-40}{peer / ours,8:F3}");
        var (worst, least) = ratios.Select(entry => again.TryGetValue(entry.Shape, out var time) ? (entry.Shape, time.Peer / time.Ours) : entry).MinBy(entry => entry.Item2);
        Console.WriteLine($"{"worst",-40}{least,8:F3}  {worst.Name}");
        if (only is null)
        {
            var mean = GeometricMean(ratios.Select(entry => entry.Ratio));
            Console.WriteLine();
            figures.Add(meanRow, mean, FigureLog.Speed(mean), blas.Version);
            figures.Add(worstRow, least, $"{FigureLog.Speed(least)}: {worst.Name}", blas.Version);
        }

        return 0;
    }

    /// <summary>Shows the means over the four layers.</summary>
    private static void ShowMeans(IReadOnlyList<(BertProduct Shape, double Ours, double Peer)> times)
    {
        Console.WriteLine("ours/peer, geometric means of a layer's products (GFLOP/s of both):");
        Console.WriteLine($"{"hidden size",11}{"tokens",8}{string.Concat(Enum.GetNames<GemmForm>().Select(form => $"{form,24}"))}");
        foreach (var size in times.GroupBy(time => (time.Shape.HiddenSize, time.Shape.Tokens)))
        {
            var cells = Enum.GetValues<GemmForm>().Select(form => size.Where(time => time.Shape.Form == form).ToList()).Select(products => products.Count == 0
                ? string.Empty
                : $"{GeometricMean(products.Select(time => time.Peer / time.Ours)):F2} ({Rate(products, time => time.Ours):F0} / {Rate(products, time => time.Peer):F0})");
            Console.WriteLine($"{size.Key.HiddenSize,11}{size.Key.Tokens,8}{string.Concat(cells.Select(cell => $"{cell,24}"))}");
        }

        Console.WriteLine();

        static double Rate(IEnumerable<(BertProduct Shape, double Ours, double Peer)> products, Func<(BertProduct Shape, double Ours, double Peer), double> seconds) =>
            GeometricMean(products.Select(product => product.Shape.FloatingPointOperations / seconds(product) / 1e9));
    }

    private static double GeometricMean(IEnumerable<double> ratios) => Math.Exp(ratios.Average(Math.Log));

    /// <summary>
    /// Goes through all shapes, one turn of each side, round after round: a disturbance of a second touches many shapes once, and no median. Then the slowest
    /// once more.
    /// </summary>
    private static unsafe (IReadOnlyList<(double Ours, double Peer)> Times, IReadOnlyDictionary<BertProduct, (double Ours, double Peer)> Again) Measure(
        ComputeDevice device, OpenBlas blas, IReadOnlyList<BertProduct> shapes, int rounds)
    {
        using var ours = new DeviceProducts(device, shapes);
        using var peerLeft = new NativeMatrix(ours.Left);
        using var peerRight = new NativeMatrix(ours.Right);
        using var peerResult = new NativeMatrix(ours.Result);

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

        foreach (var shape in shapes)
        {
            ours.Run(shape);
            Peer(shape);
            Results.RequireEqual(shape.Name, ours.Result.ToArray().AsSpan(0, shape.ResultLength), peerResult.Values, Tolerance);
        }

        var times = Alternate(shapes, rounds);
        var slowest = shapes.Zip(times).OrderBy(entry => entry.Second.Peer / entry.Second.Ours).Take(Again).Select(entry => entry.First).ToList();
        return (times, slowest.Zip(Alternate(slowest, rounds * MoreRounds)).ToDictionary(entry => entry.First, entry => entry.Second));

        IReadOnlyList<(double Ours, double Peer)> Alternate(IReadOnlyList<BertProduct> measured, int count)
        {
            var alternations = measured.Select(shape => new Alternation(() => ours.Run(shape), () => Peer(shape))
            {
                WarmUp = 2,
                Calls = DeviceProducts.CallsOfTurn(shape),
            }).ToList();
            for (var round = 0; round < count; round++)
            {
                foreach (var alternation in alternations)
                    alternation.Turn();
            }

            return [.. alternations.Select(alternation => alternation.Medians)];
        }
    }
}
