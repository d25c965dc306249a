using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>What may be passed to a kernel, in which form it arrives, and what is refused.</summary>
public sealed unsafe class ArgumentTests : IDisposable
{
    private readonly ComputeDevice device = ComputeDevice.Open("cpu");

    public struct Nothing
    {
    }

    /// <summary>An empty structure between others, and a view that ILGPU sees before the fixed buffer.</summary>
    public struct Nested
    {
        public Nothing Before;
        public byte First;
        public Nothing Between;
        public ArrayView<int> Data;
        public Fixed Buffer;
        public short Last;
    }

    public struct Fixed
    {
        public fixed int Values[5];
    }

    public struct WithFlag
    {
        public int Number;
        public bool Flag;
    }

    public void Dispose() => device.Dispose();

    [Fact]
    public void EmptyStructuresAndFixedBuffersKeepTheirPlaces()
    {
        using var numbers = device.Accelerator.Allocate1D([10, 20, 30]);
        using var output = device.Accelerator.Allocate1D<int>(8);
        var nested = new Nested { First = 7, Data = numbers.View.SubView(1, 2), Last = -3 };
        for (var k = 0; k < 5; k++)
        {
            nested.Buffer.Values[k] = 100 + k;
        }

        device.Accelerator.LoadStreamKernel<ArrayView<int>, Nested>(Unpack)((1, 1), output.View, nested);
        Assert.Equal([7, 20, 2, -3, 100, 102, 104, 99], output.GetAsArray1D());
    }

    [Fact]
    public void AViewOfADisposedBufferIsRefused()
    {
        using var output = device.Accelerator.Allocate1D<int>(8);
        var gone = device.Accelerator.Allocate1D<int>(4);
        var view = gone.View.SubView(1, 2);
        gone.Dispose();
        var kernel = device.Accelerator.LoadStreamKernel<ArrayView<int>, Nested>(Unpack);
        var nested = Assert.Throws<ObjectDisposedException>(() => kernel((1, 1), output.View, new Nested { Data = view }));
        Assert.Contains("view argument 1", nested.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => kernel((1, 1), view, default));
    }

    [Fact]
    public void TruthValuesAreRefusedAsParameters()
    {
        var exception = Assert.Throws<ArgumentException>(() => device.Accelerator.LoadStreamKernel<ArrayView<int>, WithFlag>(TakeFlag));
        Assert.Contains("parameter 1", exception.Message, StringComparison.Ordinal);
        Assert.Contains("System.Boolean", exception.Message, StringComparison.Ordinal);
    }

    private static void Unpack(ArrayView<int> output, Nested nested)
    {
        output[0] = nested.First;
        output[1] = nested.Data[0];
        output[2] = nested.Data.IntLength;
        output[3] = nested.Last;
        output[4] = nested.Buffer.Values[0];
        output[5] = nested.Buffer.Values[2];
        output[6] = nested.Buffer.Values[4];
        output[7] = 99;
    }

    private static void TakeFlag(ArrayView<int> output, WithFlag value) => output[0] = value.Flag ? value.Number : 0;
}
