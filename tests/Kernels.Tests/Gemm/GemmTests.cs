using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Kernels.Tests;

[Collection(TestDevices.Collection)]
public sealed class GemmTests(TestDevices devices)
{
    private const float Guard = -12345f;

    public static TheoryData<string, string, int, int, int> Cases
    {
        get
        {
            (int M, int N, int K)[] small = [(1, 1, 1), (3, 2, 5), (5, 33, 17), (17, 31, 3), (13, 40, 20)];
            (int M, int N, int K)[] large =
            [
                (1, 384, 384), (33, 95, 385), (95, 193, 384), (12, 32, 768), (385, 65, 33), (530, 17, 95), (17, 400, 1157), (30, 33, 1024), (30, 1024, 33),
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
        var (device, gemm) = Open(name, shape);
        using var x = new Operand(device, m, k, 1);
        using var w = new Operand(device, k, n, 2);
        using var bias = new Operand(device, 1, n, 3);
        using var y = new Operand(device, m, n, 4);

        gemm.Forward(x.View, w.View, bias.View, y.View, m, n, k);
        Compare(y, m, n, k, x.At, w.At, (_, j) => bias.At(0, j));

        gemm.Forward(x.View, w.View, default, y.View, m, n, k);
        Compare(y, m, n, k, x.At, w.At, (_, _) => 0);
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void ForwardTransposedReadsTheWeightByOutputs(string name, string shape, int m, int n, int k)
    {
        var (device, gemm) = Open(name, shape);
        using var x = new Operand(device, m, k, 1);
        using var w = new Operand(device, n, k, 2);
        using var bias = new Operand(device, 1, n, 3);
        using var y = new Operand(device, m, n, 4);

        gemm.ForwardTransposed(x.View, w.View, bias.View, y.View, m, n, k);
        Compare(y, m, n, k, x.At, (r, j) => w.At(j, r), (_, j) => bias.At(0, j));
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void DataGradientIsTheProductWithTheTransposedWeight(string name, string shape, int m, int n, int k)
    {
        var (device, gemm) = Open(name, shape);
        using var dy = new Operand(device, m, n, 1);
        using var w = new Operand(device, k, n, 2);
        using var dx = new Operand(device, m, k, 3);

        gemm.DataGradient(dy.View, w.View, dx.View, m, n, k, accumulate: true);
        Compare(dx, m, k, n, dy.At, (r, j) => w.At(j, r), dx.At);

        gemm.DataGradient(dy.View, w.View, dx.View, m, n, k, accumulate: false);
        Compare(dx, m, k, n, dy.At, (r, j) => w.At(j, r), (_, _) => 0);
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void WeightGradientIsTheProductWithTheTransposedInput(string name, string shape, int m, int n, int k)
    {
        var (device, gemm) = Open(name, shape);
        using var x = new Operand(device, m, k, 1);
        using var dy = new Operand(device, m, n, 2);
        using var dw = new Operand(device, k, n, 3);

        gemm.WeightGradient(x.View, dy.View, dw.View, m, n, k, accumulate: true);
        Compare(dw, k, n, m, (i, r) => x.At(r, i), dy.At, dw.At);

        gemm.WeightGradient(x.View, dy.View, dw.View, m, n, k, accumulate: false);
        Compare(dw, k, n, m, (i, r) => x.At(r, i), dy.At, (_, _) => 0);
    }

    [SkippableTheory]
    [MemberData(nameof(Shapes))]
    public void ForwardGeluKeepsThePreactivation(string name, string shape)
    {
        var (device, gemm) = Open(name, shape);
        const int M = 7, N = 37, K = 19;
        using var x = new Operand(device, M, K, 1);
        using var w = new Operand(device, K, N, 2);
        using var bias = new Operand(device, 1, N, 3);
        using var preactivation = new Operand(device, M, N, 4);
        using var y = new Operand(device, M, N, 5);
        // The two kernels differ in one call; OpenCL on a processor takes seconds to compile each.
        GeluForm[] forms = name == "opencl" && shape == "Panel" ? [GeluForm.Erf] : [GeluForm.Erf, GeluForm.Tanh];
        foreach (var form in forms)
        {
            gemm.ForwardGelu(x.View, w.View, bias.View, preactivation.View, y.View, M, N, K, form);
            Compare(preactivation, M, N, K, x.At, w.At, (_, j) => bias.At(0, j));
            var inputs = preactivation.Read();
            var outputs = y.Read();
            for (var i = 0; i < M * N; i++)
            {
                // The preactivation is checked above; of the GELU of that very float a few units in the last place are asked.
                var expected = ReferenceGelu(inputs[i], form);
                Assert.True(Math.Abs(outputs[i] - expected) <= 4e-7 * Math.Max(1, Math.Abs(expected)), $"{form} of {inputs[i]}: {outputs[i]}, expected {expected}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Shapes))]
    public void BitsOfARowDoNotDependOnTheRowsAroundIt(string name, string shape)
    {
        var (device, gemm) = Open(name, shape);
        var (m, n, k) = name is "ilgpu-cpu" or TestDevices.Small or TestDevices.Card ? (27, 9, 21) : (1063, 70, 450);
        using var x = new Operand(device, m, k, 1);
        using var w = new Operand(device, k, n, 2);
        using var bias = new Operand(device, 1, n, 3);
        using var y = new Operand(device, m, n, 4);
        using var dx = new Operand(device, m, k, 5);
        gemm.Forward(x.View, w.View, bias.View, y.View, m, n, k);
        var whole = y.Read();

        // dy = x of the transposed shape: [m, n] taken from y itself.
        gemm.DataGradient(y.View, w.View, dx.View, m, n, k, accumulate: false);
        var wholeGradient = dx.Read();

        // A weight of the transposed shape: the same numbers in other places.
        gemm.ForwardTransposed(x.View, w.View, bias.View, y.View, m, n, k);
        var wholeTransposed = y.Read();

        foreach (var (first, count) in new[] { (0, 1), (m - 1, 1), (3, 5), (m / 2, 12), (1, Math.Min(33, m - 1)), (m - 17, 17) })
        {
            using var part = new Operand(device, count, n, 6);
            using var partGradient = new Operand(device, count, k, 7);
            gemm.Forward(x.View.SubView(first * k, count * k), w.View, bias.View, part.View, count, n, k);
            Assert.Equal(Bits(whole.AsSpan(first * n, count * n)), Bits(part.Read()));
            gemm.DataGradient(part.View, w.View, partGradient.View, count, n, k, accumulate: false);
            Assert.Equal(Bits(wholeGradient.AsSpan(first * k, count * k)), Bits(partGradient.Read()));
            gemm.ForwardTransposed(x.View.SubView(first * k, count * k), w.View, bias.View, part.View, count, n, k);
            Assert.Equal(Bits(wholeTransposed.AsSpan(first * n, count * n)), Bits(part.Read()));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Shapes))]
    public void NoRowsGiveNothingOrZeros(string name, string shape)
    {
        var (device, gemm) = Open(name, shape);
        using var w = new Operand(device, 5, 7, 1);
        gemm.Forward(default, w.View, default, default, 0, 7, 5);
        gemm.DataGradient(default, w.View, default, 0, 7, 5, accumulate: false);
        gemm.WeightGradient(default, default, w.View, 0, 7, 5, accumulate: true);
        Assert.Equal(w.Values, w.Read());
        gemm.WeightGradient(default, default, w.View, 0, 7, 5, accumulate: false);
        Assert.All(w.Read(), value => Assert.Equal(0f, value));
    }

    [Fact]
    public void ViewsThatAreTooShortAreRefused()
    {
        var (device, gemm) = Open("ilgpu-cpu", "Automatic");
        using var x = new Operand(device, 2, 3, 1);
        using var w = new Operand(device, 3, 4, 2);
        using var y = new Operand(device, 2, 4, 3);
        var error = Assert.Throws<ArgumentException>(() => gemm.Forward(x.View, w.View, default, y.View, 2, 5, 3));
        Assert.Contains("12 elements, expected at least 3 x 5", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => gemm.Forward(x.View, w.View, default, y.View, 2, 0, 3));
    }

    private static string[] ShapesOf(string name) => TestDevices.HasOnlyGpuShapes(name) ? ["Tiled"] : ["Panel", "Tiled"];

    private (ComputeDevice Device, Gemm Gemm) Open(string name, string shape)
    {
        var device = devices.Get(name);
        Skip.If(shape == "Panel" && !Gemm.Fits(device.Tiles), $"{device.Name}: the panels do not fit into its shared memory or its groups");
        return (device, new Gemm(device, Enum.Parse<GemmShape>(shape)));
    }

    private static int[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new int[values.Length];
        for (var i = 0; i < bits.Length; i++)
            bits[i] = BitConverter.SingleToInt32Bits(values[i]);
        return bits;
    }

    private static double ReferenceGelu(double x, GeluForm form) =>
        form == GeluForm.Tanh
            ? 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
            : 0.5 * x * (1 + ReferenceErf(x / Math.Sqrt(2)));

    /// <summary>The error function by its Maclaurin series, exact to 1e-12 for the arguments of these tests (below 4).</summary>
    private static double ReferenceErf(double x)
    {
        double term = x, sum = x;
        for (var i = 1; i < 100; i++)
        {
            term *= -x * x / i;
            sum += term / (2 * i + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    /// <summary>
    /// Compares with the sum in double. A chain of k multiply-adds in any order errs by at most (k + 2) half units in the last place of the sum of
    /// the terms' magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
    /// </summary>
    private static void Compare(
        Operand result,
        int rows,
        int columns,
        int depth,
        Func<int, int, double> left,
        Func<int, int, double> right,
        Func<int, int, double> before)
    {
        var actual = result.Read();
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                var sum = before(i, j);
                var magnitude = Math.Abs(sum);
                for (var r = 0; r < depth; r++)
                {
                    var product = left(i, r) * right(r, j);
                    sum += product;
                    magnitude += Math.Abs(product);
                }

                var tolerance = (depth + 2) * Math.Pow(2, -24) * magnitude;
                Assert.True(Math.Abs(actual[i * columns + j] - sum) <= tolerance, $"[{i}, {j}] is {actual[i * columns + j]}, expected {sum}");
            }
        }

        result.CheckGuard();
    }

    /// <summary>A random matrix on a device, with elements behind it that nobody may touch.</summary>
    private sealed class Operand : IDisposable
    {
        private const int GuardLength = 64;

        private readonly MemoryBuffer1D<float, Stride1D.Dense> buffer;
        private readonly int columns;

        public Operand(ComputeDevice device, int rows, int columns, int seed)
        {
            this.columns = columns;
            Values = Matrices.Uniform(rows * columns, seed);
            var guarded = new float[Values.Length + GuardLength];
            Array.Fill(guarded, Guard);
            Values.CopyTo(guarded, 0);
            buffer = device.Accelerator.Allocate1D(guarded);
        }

        /// <summary>What the matrix held at first.</summary>
        public float[] Values { get; }

        public ArrayView<float> View => ((ArrayView<float>)buffer.View).SubView(0, Values.Length);

        public double At(int row, int column) => Values[row * columns + column];

        public float[] Read() => buffer.GetAsArray1D()[..Values.Length];

        public void CheckGuard() => Assert.All(buffer.GetAsArray1D()[Values.Length..], value => Assert.Equal(Guard, value));

        public void Dispose() => buffer.Dispose();
    }
}
