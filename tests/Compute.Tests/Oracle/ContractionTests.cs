using Engine.Compute.Vector;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Oracle;

/// <summary>A multiply that feeds an add is fused, in whole vectors, in tails and in scalars alike, and only where the option asks for it.</summary>
public sealed class ContractionTests
{
    public static TheoryData<int> Widths() => ImplicitKernelTests.Widths();

    [Theory]
    [MemberData(nameof(Widths))]
    public void FusedAndNotFused(int bits)
    {
        var random = new Random(1);
        var (a, b, c) = (Numbers(), Numbers(), Numbers());
        foreach (var contraction in new[] { true, false })
        {
            using var device = ComputeDevice.Open("cpu", new() { VectorBits = bits, Contraction = contraction });
            Check(device, ContractionKernels.MultiplyAdd, (a.Length + 31) / 32, 32);
            Check(device, ContractionKernels.UniformMultiplyAdd, a.Length, 16);

            void Check(ComputeDevice on, Action<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>> kernel, int groups, int size)
            {
                var accelerator = on.Accelerator;
                using var da = accelerator.Allocate1D(a);
                using var db = accelerator.Allocate1D(b);
                using var dc = accelerator.Allocate1D(c);
                using var sums = accelerator.Allocate1D<float>(a.Length);
                using var differences = accelerator.Allocate1D<float>(a.Length);
                accelerator.LoadStreamKernel(kernel)((groups, size), da.View, db.View, dc.View, sums.View, differences.View);
                Assert.Equal(a.Select((_, i) => contraction ? MathF.FusedMultiplyAdd(a[i], b[i], c[i]) : (a[i] * b[i]) + c[i]), sums.GetAsArray1D());
                Assert.Equal(a.Select((_, i) => contraction ? MathF.FusedMultiplyAdd(-a[i], b[i], c[i]) : c[i] - (a[i] * b[i])), differences.GetAsArray1D());
            }
        }

        float[] Numbers() => [.. Enumerable.Range(0, 203).Select(_ => (random.NextSingle() * 4f) - 2f)];
    }

    [Fact]
    public void TheWidestVectorIsTheDefault()
    {
        using var device = ComputeDevice.Open("cpu");
        Assert.Equal(VectorWidth.Widest / 32, device.Accelerator.WarpSize);
    }
}
