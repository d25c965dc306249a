using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>What operations say of their work, and what a profile makes of it.</summary>
[Collection(TestDevices.Collection)]
public sealed class ProfileTests(TestDevices devices)
{
    /// <summary>The vector CPU, whose launches return when the kernel has ended, and a device that has to be waited for.</summary>
    public static TheoryData<string> Devices => ["cpu-128", "ilgpu-cpu"];

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void ProductsCountTheirWork(string name)
    {
        using var buffers = new DeviceBuffers(devices.Get(name));
        var (x, w, y) = (buffers.Of(new float[5 * 3]), buffers.Of(new float[3 * 7]), buffers.Of(new float[5 * 7]));
        var gemm = new Gemm(buffers.Device);
        var profile = Profile(buffers.Device, () =>
        {
            gemm.Forward(x, w, default, y, 5, 7, 3);
            gemm.DataGradient(y, w, x, 5, 7, 3, accumulate: true);
            gemm.WeightGradient(x, y, w, 5, 7, 3, accumulate: false);
        });

        // 5 x 7 sums of 3 products: 105 multiplications and as many additions. Matrices of 15, 21 and 35 floats; a sum that is added to is read as well.
        AssertWork(profile, "matrix product 3 x 7, forward", 210, 4 * (15 + 21 + 35));
        AssertWork(profile, "matrix product 3 x 7, data gradient", 210, 4 * (15 + 21 + 35 + 15));
        AssertWork(profile, "matrix product 3 x 7, weight gradient", 210, 4 * (15 + 21 + 35));
        Assert.Equal(3, profile.Operations.Count);
    }

    [SkippableTheory]
    [MemberData(nameof(Devices))]
    public void AttentionCountsItsWork(string name)
    {
        const int Tokens = 5;
        const int Heads = 2;
        const int Width = 8;
        using var buffers = new DeviceBuffers(devices.Get(name));
        var (qkv, context, sums) = (buffers.Of(new float[Tokens * 3 * Width]), buffers.Of(new float[Tokens * Width]), buffers.Of(new float[Heads * Tokens]));
        using var attention = new Attention(buffers.Device, Heads, Width / Heads, Tokens, 2);
        attention.Prepare([0, 2, 5]);
        var profile = Profile(buffers.Device, () =>
        {
            attention.Forward(qkv, context, sums, Tokens, DropoutState.Off, 0);
            attention.Backward(qkv, context, context, sums, buffers.Of(new float[Tokens * 3 * Width]), Tokens, DropoutState.Off, 0);
        });

        // Sequences of 2 and 3 tokens: 4 + 9 pairs, each with one multiply-add per product and column of the 8.
        AssertWork(profile, "attention, forward", 2 * 2 * 13 * 8, 4 * ((5 * 24) + (5 * 8) + 10));
        AssertWork(profile, "attention, backward", 5 * 2 * 13 * 8, 4 * ((5 * 24) + (5 * 8) + (5 * 8) + 10 + (5 * 24)));
    }

    [SkippableFact]
    public void OperationsHaveTheTimeOfTheirKernels()
    {
        using var buffers = new DeviceBuffers(devices.Get("cpu-128"));
        var device = buffers.Device;
        var view = buffers.Of(new float[1000]);
        var (gelu, zero) = (new Gelu(device), new ZeroFill(device));
        var profile = Profile(device, () =>
        {
            // One operation within another, and one while nothing is entered.
            using (device.Profile!.Begin("both", 0, 1))
            {
                gelu.Forward(view, view, 1000, GeluForm.Erf);
                zero.Run(view);
            }

            device.Profile!.IsPaused = true;
            zero.Run(view);
            device.Profile!.IsPaused = false;
        });
        Assert.Equal(["GELU, forward", "both", "zero fill"], profile.Operations.Select(operation => operation.Operation).Order(StringComparer.Ordinal));
        Assert.Equal(TimeSpan.Zero, profile.Operations.Single(operation => operation.Operation == "both").Total);
        Assert.All(profile.Operations, operation => Assert.Equal(2, operation.Calls));
        Assert.Equal(Sum(profile.Kernels.Select(kernel => kernel.Total)), Sum(profile.Operations.Select(operation => operation.Total)));
        Assert.Equal(profile.Accounted, profile.Preparation + Sum(profile.Operations.Select(operation => operation.Total)));
        Assert.True(profile.Preparation > TimeSpan.Zero);
        Assert.Null(device.Profile);

        static TimeSpan Sum(IEnumerable<TimeSpan> times) => TimeSpan.FromTicks(times.Sum(time => time.Ticks));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ThePeaksKernelsComputeWhatTheyCount(string name)
    {
        using var buffers = new DeviceBuffers(devices.Get(name));
        const int Length = 2 * DevicePeaks.ElementsPerGroup;
        float[] Integers(int step) => [.. Enumerable.Range(0, Length).Select(i => (float)(i * step % 31))];
        var (a, b, c) = (Integers(1), Integers(3), Integers(7));
        var (x, y, z, sums) = (buffers.Of(a), buffers.Of(b), buffers.Of(c), buffers.Out(8));
        var device = buffers.Device;
        device.Accelerator.LoadStreamKernel<float, ArrayView<float>, ArrayView<float>, ArrayView<float>>(DevicePeaks.ReplaceKernel)(new KernelConfig(2, 4), 0.5f, x, y, z);
        device.Accelerator.LoadStreamKernel<int, float, float, ArrayView<float>>(DevicePeaks.ArithmeticKernel)(new KernelConfig(2, 4), 3, 0.5f, 1f, sums);

        // Halves of small integers: no rounding.
        Assert.Equal(a.Zip(b, (p, q) => (p * 0.5f) + q), buffers.Read(x));
        Assert.Equal(b.Zip(c, (p, q) => (p * 0.5f) + q), buffers.Read(y));
        Assert.Equal(c.Zip(a, (p, q) => (p * 0.5f) + q), buffers.Read(z));
        var expected = 0.0;
        for (var value = 1; value <= DevicePeaks.Chains; value++)
            expected += (((((value * 0.5) + 1) * 0.5) + 1) * 0.5) + 1;
        Assert.All(buffers.Read(sums), sum => Assert.Equal(expected, sum));
    }

    [Fact]
    public void TheNearerLimitIsTheOperations()
    {
        var peaks = new DevicePeaks(Flops: 200e9, Bandwidth: 10e9);
        Assert.Equal((100e9, true, 0.5), peaks.Rate(flops: 100e9, bytes: 4e9, TimeSpan.FromSeconds(1)));
        Assert.Equal((4e9, false, 0.4), peaks.Rate(flops: 40e9, bytes: 4e9, TimeSpan.FromSeconds(1)));
        Assert.Equal((20e9, false, 2.0), peaks.Rate(flops: 0, bytes: 10e9, TimeSpan.FromSeconds(0.5)));
    }

    [SkippableFact]
    public void PeaksAreMeasured()
    {
        var peaks = DevicePeaks.Measure(devices.Get("cpu-128"));
        Assert.True(double.IsFinite(peaks.Flops) && peaks.Flops > 0, $"{peaks.Flops}");
        Assert.True(double.IsFinite(peaks.Bandwidth) && peaks.Bandwidth > 0, $"{peaks.Bandwidth}");
    }

    /// <summary>Runs operations twice: where their first call compiles and is entered as preparation, there is one left.</summary>
    private static LaunchProfile Profile(ComputeDevice device, Action operations)
    {
        var profile = device.StartProfile();
        try
        {
            operations();
            operations();
        }
        finally
        {
            device.StopProfile();
        }

        return profile;
    }

    private static void AssertWork(LaunchProfile profile, string name, double flops, double bytes)
    {
        var operation = profile.Operations.Single(operation => operation.Operation == name);
        Assert.Equal((flops, bytes), (operation.Flops / operation.Calls, operation.Bytes / operation.Calls));
        Assert.True(operation.Total > TimeSpan.Zero);
        Assert.Equal(profile.Kernels.Count > 0 ? 2 : 1, operation.Calls);
    }
}
