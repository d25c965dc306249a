using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>The elementary functions against double precision: on the host, on every device, and over all floats.</summary>
[Collection(TestDevices.Collection)]
public sealed class DeviceMathTests(TestDevices devices)
{
    public static TheoryData<string> Functions => [.. MathCase.All.Select(function => function.Name)];

    [Theory]
    [MemberData(nameof(Functions))]
    public void HostCodeIsWithinFourUnits(string name)
    {
        var function = MathCase.All.Single(candidate => candidate.Name == name);
        var worst = new WorstError(function, contracted: false);
        foreach (float x in Sample(4001))
            worst.Add(x, function.Function(x));
        worst.Check();
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void NaNGivesNaN(string name)
    {
        var function = MathCase.All.Single(candidate => candidate.Name == name);
        Assert.True(float.IsNaN(function.Function(float.NaN)));
        Assert.True(float.IsNaN(function.Function(BitConverter.UInt32BitsToSingle(0xFFFFFFFF))));
    }

    [Fact]
    public void LimitsAreExact()
    {
        Assert.Equal(1f, DeviceMath.Exp(0f));
        Assert.Equal(1f, DeviceMath.Exp(-0f));
        Assert.Equal(float.PositiveInfinity, DeviceMath.Exp(float.PositiveInfinity));
        Assert.Equal(0f, DeviceMath.Exp(float.NegativeInfinity));
        Assert.Equal(0f, DeviceMath.ExpNonPositive(float.NegativeInfinity));
        Assert.Equal(0f, DeviceMath.Log(1f));
        Assert.Equal(float.NegativeInfinity, DeviceMath.Log(0f));
        Assert.Equal(float.PositiveInfinity, DeviceMath.Log(float.PositiveInfinity));
        Assert.True(float.IsNaN(DeviceMath.Log(-1f)));
        Assert.True(float.IsNaN(DeviceMath.Log(float.NegativeInfinity)));
        Assert.Equal(float.PositiveInfinity, DeviceMath.Log1P(float.PositiveInfinity));
        Assert.Equal(1f, DeviceMath.Tanh(float.PositiveInfinity));
        Assert.Equal(-1f, DeviceMath.Tanh(float.NegativeInfinity));
        Assert.Equal(0x80000000, BitConverter.SingleToUInt32Bits(DeviceMath.Tanh(-0f)));
        Assert.Equal(0f, DeviceMath.Erf(0f));
        Assert.Equal(-1f, DeviceMath.Erf(float.NegativeInfinity));
        Assert.Equal(0.5f, DeviceMath.Sigmoid(0f));
        Assert.Equal(1f, DeviceMath.Sigmoid(float.PositiveInfinity));
        Assert.Equal(0f, DeviceMath.Sigmoid(float.NegativeInfinity));
    }

    [Fact]
    public void GeluAndItsSlopeFollowTheReference()
    {
        // erf's 1e-7 absolute error enters halved and multiplied by x; a few roundings of the result on top.
        for (double v = -12; v <= 12; v += 0.001)
        {
            float x = (float)v;
            double allowed = 1e-7 * (1 + Math.Abs(x)) + 4 * Rounding.Unit * Math.Abs(x);
            Assert.True(Math.Abs(DeviceMath.GeluErf(x) - ReferenceMath.GeluErf(x)) <= allowed, $"GeluErf({x})");
            Assert.True(Math.Abs(DeviceMath.GeluTanh(x) - ReferenceMath.GeluTanh(x)) <= allowed, $"GeluTanh({x})");
            Assert.True(Math.Abs(DeviceMath.GeluErfGradient(x) - ReferenceMath.GeluErfGradient(x)) <= allowed + 4 * Rounding.Unit, $"GeluErf'({x})");
            Assert.True(Math.Abs(DeviceMath.GeluTanhGradient(x) - ReferenceMath.GeluTanhGradient(x)) <= allowed + 8 * Rounding.Unit, $"GeluTanh'({x})");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void DevicesComputeTheSameFunctions(string name)
    {
        var device = devices.Get(name);
        var xs = Sample(name == "ilgpu-cpu" ? 1_000_003u : 8_009u);
        foreach (var function in MathCase.All)
        {
            var ys = DeviceFunctions.Run(device, function.Name, xs);

            // The vector processor contracts; whether a GPU does is its driver's business.
            var worst = new WorstError(function, contracted: name.StartsWith("cpu", StringComparison.Ordinal));
            for (int i = 0; i < xs.Length; i++)
                worst.Add(xs[i], ys[i]);
            worst.Check();
        }
    }

    [SkippableTheory]
    [Trait("Category", "Full")]
    [MemberData(nameof(Functions))]
    public void EveryFloatIsWithinTwoUnitsOnTheVectorProcessor(string name)
    {
        TestDevices.RequireFull();
        var device = devices.Get("cpu-512");
        var function = MathCase.All.Single(candidate => candidate.Name == name);
        var worst = new WorstError(function, contracted: true);
        const int Block = 1 << 22;
        var xs = new float[Block];
        for (long first = 0; first < 1L << 32; first += Block)
        {
            for (int i = 0; i < Block; i++)
                xs[i] = BitConverter.UInt32BitsToSingle((uint)(first + i));
            var ys = DeviceFunctions.Run(device, name, xs);
            Parallel.ForEach(
                System.Collections.Concurrent.Partitioner.Create(0, Block),
                () => new WorstError(function, contracted: true),
                (range, _, local) =>
                {
                    for (int i = range.Item1; i < range.Item2; i++)
                        local.Add(xs[i], ys[i]);
                    return local;
                },
                local =>
                {
                    lock (worst)
                        worst.Add(local);
                });
        }

        worst.Check();
    }

    /// <summary>Floats spread evenly over all bit patterns.</summary>
    private static float[] Sample(uint stride)
    {
        var sample = new List<float>();
        for (ulong bits = 0; bits <= uint.MaxValue; bits += stride)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)bits);
            if (!float.IsNaN(x))
                sample.Add(x);
        }

        return [.. sample];
    }
}
