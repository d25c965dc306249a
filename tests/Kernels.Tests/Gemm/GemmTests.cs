using Engine.Compute;
using Xunit;

namespace Engine.Kernels.Tests;

[Collection(TestDevices.Collection)]
public sealed class GemmTests(TestDevices devices)
{
    public static TheoryData<string, string, int, int, int> Cases
    {
        get
        {
            (int M, int N, int K)[] small = [(1, 1, 1), (3, 2, 5), (5, 33, 17), (17, 31, 3), (13, 40, 20)];
            (int M, int N, int K)[] large =
            [
                (1, 384, 384), (33, 95, 385), (95, 193, 384), (12, 32, 768), (385, 65, 33), (530, 17, 95), (17, 400, 1157), (30, 33, 1024), (30, 1024, 33),
                (39, 96, 800), (132, 64, 400), (140, 64, 32),
            ];
            var data = new TheoryData<string, string, int, int, int>();
            foreach (var name in TestDevices.Names)
            {
                // OpenCL on a processor compiles these kernels for seconds each time a launch differs in kind from those before it.
                var sizes = name switch
                {
                    "ilgpu-cpu" => small,
                    "opencl" or TestDevices.Small or TestDevices.Card => [small[2], small[4], large[1]],
                    _ => [.. small, .. large],
                };
                foreach (var shape in ShapesOf(name))
                {
                    foreach (var (m, n, k) in sizes)
                        data.Add(name, shape, m, n, k);
                }
            }

            return data;
        }
    }

    public static TheoryData<string, string> Shapes
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in TestDevices.Names)
            {
                foreach (var shape in ShapesOf(name))
                    data.Add(name, shape);
            }

            return data;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void ForwardIsTheProductPlusBias(string name, string shape, int m, int n, int k)
    {
        using var checks = Checks(name, shape);
        checks.Forward(new LayerSize(m, n, k));
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void ForwardTransposedReadsTheWeightByOutputs(string name, string shape, int m, int n, int k)
    {
        using var checks = Checks(name, shape);
        checks.ForwardTransposed(new LayerSize(m, n, k));
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void DataGradientIsTheProductWithTheTransposedWeight(string name, string shape, int m, int n, int k)
    {
        using var checks = Checks(name, shape);
        checks.DataGradient(new LayerSize(m, n, k));
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void WeightGradientIsTheProductWithTheTransposedInput(string name, string shape, int m, int n, int k)
    {
        using var checks = Checks(name, shape);
        checks.WeightGradient(new LayerSize(m, n, k));
    }

    [SkippableTheory]
    [MemberData(nameof(Shapes))]
    public void ForwardGeluKeepsThePreactivation(string name, string shape)
    {
        using var checks = Checks(name, shape);
        foreach (var form in Enum.GetValues<GeluForm>())
            checks.ForwardGelu(new LayerSize(7, 37, 19), form);
    }

    [SkippableTheory]
    [MemberData(nameof(Shapes))]
    public void BitsOfARowDoNotDependOnTheRowsAroundIt(string name, string shape)
    {
        var (device, gemm) = Open(name, shape);
        using var buffers = new DeviceBuffers(device);
        if (name is "ilgpu-cpu" or TestDevices.Small or TestDevices.Card)
        {
            CheckBitsOfRows(gemm, buffers, 27, 9, 21);
            return;
        }

        // A last panel with columns to spare; and whole panels, of which few rows are computed by code of their own.
        CheckBitsOfRows(gemm, buffers, 1063, 70, 450);
        CheckBitsOfRows(gemm, buffers, 1063, 96, 448);
    }

    private static void CheckBitsOfRows(Gemm gemm, DeviceBuffers buffers, int m, int n, int k)
    {
        var x = buffers.Of(CheckInputs.Uniform(m * k, 1));
        var w = buffers.Of(CheckInputs.Uniform(k * n, 2));
        var bias = buffers.Of(CheckInputs.Uniform(n, 3));
        var y = buffers.Of(CheckInputs.Uniform(m * n, 4));
        var dx = buffers.Of(CheckInputs.Uniform(m * k, 5));
        gemm.Forward(x, w, bias, y, m, n, k);
        var whole = buffers.Read(y);

        // dy = x of the transposed shape: [m, n] taken from y itself.
        gemm.DataGradient(y, w, dx, m, n, k, accumulate: false);
        var wholeGradient = buffers.Read(dx);

        // A weight of the transposed shape: the same numbers in other places.
        gemm.ForwardTransposed(x, w, bias, y, m, n, k);
        var wholeTransposed = buffers.Read(y);

        foreach (var (first, count) in new[] { (0, 1), (m - 1, 1), (3, 5), (m / 2, 12), (1, Math.Min(33, m - 1)), (m - 17, 17), (2, Math.Min(134, m - 2)) })
        {
            var part = buffers.Of(CheckInputs.Uniform(count * n, 6));
            var partGradient = buffers.Of(CheckInputs.Uniform(count * k, 7));
            gemm.Forward(x.SubView(first * k, count * k), w, bias, part, count, n, k);
            Assert.Equal(Bits(whole.AsSpan(first * n, count * n)), Bits(buffers.Read(part)));
            gemm.DataGradient(part, w, partGradient, count, n, k, accumulate: false);
            Assert.Equal(Bits(wholeGradient.AsSpan(first * k, count * k)), Bits(buffers.Read(partGradient)));
            gemm.ForwardTransposed(x.SubView(first * k, count * k), w, bias, part, count, n, k);
            Assert.Equal(Bits(wholeTransposed.AsSpan(first * n, count * n)), Bits(buffers.Read(part)));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Shapes))]
    public void NoRowsGiveNothingOrZeros(string name, string shape)
    {
        var (device, gemm) = Open(name, shape);
        using var buffers = new DeviceBuffers(device);
        var w = buffers.Of(CheckInputs.Uniform(5 * 7, 1));
        gemm.Forward(default, w, default, default, 0, 7, 5);
        gemm.DataGradient(default, w, default, 0, 7, 5, accumulate: false);
        gemm.WeightGradient(default, default, w, 0, 7, 5, accumulate: true);
        Assert.Equal(CheckInputs.Uniform(5 * 7, 1), buffers.Read(w));
        gemm.WeightGradient(default, default, w, 0, 7, 5, accumulate: false);
        Assert.All(buffers.Read(w), value => Assert.Equal(0f, value));
    }

    [Fact]
    public void ViewsThatAreTooShortAreRefused()
    {
        var (device, gemm) = Open("ilgpu-cpu", "Automatic");
        using var buffers = new DeviceBuffers(device);
        var x = buffers.Of(CheckInputs.Uniform(2 * 3, 1));
        var w = buffers.Of(CheckInputs.Uniform(3 * 4, 2));
        var y = buffers.Of(CheckInputs.Uniform(2 * 4, 3));
        var error = Assert.Throws<ArgumentException>(() => gemm.Forward(x, w, default, y, 2, 5, 3));
        Assert.Contains("12 elements, expected at least 3 x 5", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => gemm.Forward(x, w, default, y, 2, 0, 3));
    }

    private static string[] ShapesOf(string name) => TestDevices.HasOnlyGpuShapes(name) ? ["Tiled"] : ["Panel", "Tiled"];

    private (ComputeDevice Device, Gemm Gemm) Open(string name, string shape)
    {
        var device = devices.Get(name);
        Skip.If(shape == "Panel" && !Gemm.Fits(device.Tiles), $"{device.Name}: the panels do not fit into its shared memory or its groups");
        return (device, new Gemm(device, Enum.Parse<GemmShape>(shape)));
    }

    private GemmChecks Checks(string name, string shape)
    {
        var (device, gemm) = Open(name, shape);
        return new GemmChecks(device, new Comparison(), gemm);
    }

    private static int[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new int[values.Length];
        for (var i = 0; i < bits.Length; i++)
            bits[i] = BitConverter.SingleToInt32Bits(values[i]);
        return bits;
    }
}
