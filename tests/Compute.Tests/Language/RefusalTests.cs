using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>What cannot be run is refused when it is loaded, by the kernel's name and the reason, and disturbs nothing else.</summary>
public sealed class RefusalTests
{
    [Fact]
    public void AKernelThatIlgpuDoesNotUnderstandDisturbsNoOther()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var numbers = accelerator.Allocate1D(new int[40]);
        for (var round = 0; round < 2; round++)
        {
            var exception = Assert.Throws<InternalCompilerException>(() => accelerator.LoadStreamKernel<ArrayView<int>>(Unknown));
            Assert.Contains(nameof(Unknown), exception.Message, StringComparison.Ordinal);
            Assert.Contains("'Add'", exception.ToString(), StringComparison.Ordinal);
            accelerator.LoadStreamKernel<ArrayView<int>>(Known)((1, 40), numbers.View);
            Assert.Equal(Enumerable.Range(1, 40).Select(i => i * (round + 1)), numbers.GetAsArray1D());
        }
    }

    [Fact]
    public void AFailureOnAnotherAcceleratorOfTheContextDisturbsNothing()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var other = context.CreateCPUAccelerator(0);
        using var numbers = accelerator.Allocate1D(new int[40]);
        Assert.ThrowsAny<Exception>(() => other.LoadStreamKernel<ArrayView<int>>(Stack));
        accelerator.LoadStreamKernel<ArrayView<int>>(Known)((1, 40), numbers.View);
        Assert.Equal(Enumerable.Range(1, 40), numbers.GetAsArray1D());
    }

    [Fact]
    public void AssemblyForCudaIsRefusedByName()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        var exception = Assert.Throws<InternalCompilerException>(() => accelerator.LoadStreamKernel<ArrayView<int>>(Assembly));
        Assert.Contains(nameof(Assembly), exception.Message, StringComparison.Ordinal);
        Assert.Contains("CudaAsm", exception.Message, StringComparison.Ordinal);
    }

    private static unsafe void Stack(ArrayView<int> numbers)
    {
        var memory = stackalloc int[8];
        memory[Group.IdxX & 7] = 1;
        numbers[Group.IdxX] = memory[3];
    }

    private static void Unknown(ArrayView<int> numbers) => Unsafe.Add(ref numbers[0], Group.IdxX) = 3;

    private static void Known(ArrayView<int> numbers) => numbers[Group.IdxX] += Group.IdxX + 1;

    private static void Assembly(ArrayView<int> numbers)
    {
        CudaAsm.Emit("add.s32 %0, %1, 1;", out int result, numbers[0]);
        numbers[0] = result;
    }
}
