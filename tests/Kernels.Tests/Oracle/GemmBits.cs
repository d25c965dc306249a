namespace Engine.Kernels.Tests;

/// <summary>Matrix products of the shape that the device's sizes choose.</summary>
internal static class GemmBits
{
    public static IReadOnlyList<BitsOperation> All { get; } = [new("gemm", Gemm)];

    private static void Gemm(BitsRun run)
    {
        var gemm = new Gemm(run.Device);
        Products(run, gemm, 29, 35, 17);
        Products(run, gemm, 1, 3, 2);
        FewRows(run, gemm);
        DeepProducts(run, gemm);
    }

    private static void Products(BitsRun run, Gemm gemm, int m, int n, int k)
    {
        var (x, w, bias) = (run.In(m * k), run.In(k * n), run.In(n));
        gemm.Forward(x, w, bias, run.Out(m * n), m, n, k);
        gemm.Forward(x, w, default, run.Out(m * n), m, n, k);
        gemm.ForwardTransposed(x, run.In(n * k), bias, run.Out(m * n), m, n, k);
        gemm.ForwardTransposed(x, run.In(n * k), default, run.Out(m * n), m, n, k);
        foreach (var form in Enum.GetValues<GeluForm>())
            gemm.ForwardGelu(x, w, bias, run.Out(m * n), run.Out(m * n), m, n, k, form);
        var dy = run.In(m * n);
        foreach (var accumulate in new[] { false, true })
        {
            gemm.DataGradient(dy, w, run.InOut(m * k), m, n, k, accumulate);
            gemm.WeightGradient(x, dy, run.InOut(k * n), m, n, k, accumulate);
            gemm.WeightGradient(default, default, run.InOut(k * n), 0, n, k, accumulate);
        }
    }

    /// <summary>Whole panels of columns at every width: few rows of them are computed by code of their own, here with a whole tile, others, and a second cut.</summary>
    private static void FewRows(BitsRun run, Gemm gemm)
    {
        const int M = 19, N = 32, K = 400;
        var (x, w, bias) = (run.In(M * K), run.In(K * N), run.In(N));
        gemm.Forward(x, w, bias, run.Out(M * N), M, N, K);
        gemm.Forward(x, w, default, run.Out(2 * N), 2, N, K);
        gemm.ForwardGelu(x, w, bias, run.Out(M * N), run.Out(M * N), M, N, K, GeluForm.Tanh);
    }

    /// <summary>Reductions longer than one cut of the CPU-shaped kernels, with left operands that these copy.</summary>
    private static void DeepProducts(BitsRun run, Gemm gemm)
    {
        const int M = 5, N = 9, K = 1024, Tokens = 70;
        gemm.Forward(run.In(M * K), run.In(K * N), run.In(N), run.Out(M * N), M, N, K);
        gemm.ForwardGelu(run.In(M * K), run.In(K * N), run.In(N), run.Out(M * N), run.Out(M * N), M, N, K, GeluForm.Erf);
        gemm.DataGradient(run.In(M * K), run.In(N * K), run.Out(M * N), M, K, N, accumulate: false);
        gemm.WeightGradient(run.In(Tokens * M), run.In(Tokens * N), run.Out(M * N), Tokens, N, M, accumulate: false);
    }
}
