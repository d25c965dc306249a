using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>GELU and the activations of the heads, forward and backward.</summary>
[Collection(TestDevices.Collection)]
public sealed class GeluTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void GeluFollowsTheReferenceAndItsSlope(string name)
    {
        using var checks = new ElementChecks(devices.Get(name), new Comparison());
        foreach (int count in new[] { 1, 17, 255, 256, 1024, 1025, 5000 })
        {
            foreach (var form in Enum.GetValues<GeluForm>())
            {
                checks.GeluForward(count, form);
                checks.GeluBackward(count, form);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void TheBackwardPassGivesTheBitsOfTheForwardPass(string name)
    {
        using var buffers = new DeviceBuffers(devices.Get(name));
        var (gemm, gelu) = (new Gemm(buffers.Device), new Gelu(buffers.Device));

        // Sums of 19 products of numbers from -2 to 2 reach all parts of GELU; 37 columns and 7 x 37 elements end within vectors and groups.
        const int M = 7;
        const int N = 37;
        const int K = 19;
        const int Count = M * N;
        var (x, w, bias) = (buffers.Of(CheckInputs.Uniform(M * K, 1, 2f)), buffers.Of(CheckInputs.Uniform(K * N, 2, 2f)), buffers.Of(CheckInputs.Uniform(N, 3)));
        foreach (var form in Enum.GetValues<GeluForm>())
        {
            var (preactivation, forward, gradient, alone) = (buffers.Out(Count), buffers.Out(Count), buffers.Of(CheckInputs.Uniform(Count, 4)), buffers.Out(Count));
            gemm.ForwardGelu(x, w, bias, preactivation, forward, M, N, K, form);
            gelu.Forward(preactivation, alone, Count, form);
            gelu.Backward(preactivation, gradient, gradient, preactivation, Count, form);
            var expected = buffers.Read(forward);
            Assert.Equal(expected.Select(BitConverter.SingleToUInt32Bits), buffers.Read(preactivation).Select(BitConverter.SingleToUInt32Bits));
            Assert.Equal(expected.Select(BitConverter.SingleToUInt32Bits), buffers.Read(alone).Select(BitConverter.SingleToUInt32Bits));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ActivationsFollowTheReferenceAndItsSlope(string name)
    {
        using var checks = new ElementChecks(devices.Get(name), new Comparison());
        const int Count = 1500;
        checks.TanhForward(Count);
        checks.TanhBackward(Count);
        checks.SigmoidForward(Count);
        checks.SigmoidBackward(Count);
    }

    [Fact]
    public void TheReferencesSlopesAreThoseOfTheReferences()
    {
        // A central difference with steps of 1e-5 errs by 1e-10 times the third derivative, which is below 3, and passes on what the reference errs divided
        // by the step: erf's series has terms up to 168 below 3, each rounded in its 53rd bit, together 1e-13, which x / 2 multiplies by up to 2.4.
        var point = new double[1];
        for (double x = -6; x <= 6; x += 0.01)
        {
            point[0] = x;
            Assert.Equal(Near.Slope(point, 0, () => ReferenceMath.GeluErf(point[0])), ReferenceMath.GeluErfGradient(x), 3e-8);
            Assert.Equal(Near.Slope(point, 0, () => ReferenceMath.GeluTanh(point[0])), ReferenceMath.GeluTanhGradient(x), 3e-8);
        }
    }
}
