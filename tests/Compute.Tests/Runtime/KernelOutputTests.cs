using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>What kernels write reaches the standard output where the context allows output, and nothing does where it does not.</summary>
public sealed class KernelOutputTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EveryActiveThreadWritesItsValues(bool allowed)
    {
        using var context = Context.Create(builder => _ = allowed ? builder.IOOperations() : builder);
        using var accelerator = context.CreateVectorCpuAccelerator(new() { Threads = 1 });
        using var numbers = accelerator.Allocate1D([1.5f, -2f, 1f / 3f]);
        var kernel = accelerator.LoadStreamKernel<ArrayView<float>>(Report);
        var console = Console.Out;
        var written = new StringWriter();
        Console.SetOut(written);
        try
        {
            kernel((1, 19), numbers.View);
        }
        finally
        {
            Console.SetOut(console);
        }

        var expected = "thread 0: 1.5 of 3 {x}; thread 1: -2 of 3 {x}; thread 2: 0.33333334 of 3 {x}; ";
        if (allowed) Assert.Contains(expected, written.ToString(), StringComparison.Ordinal);
        else Assert.DoesNotContain("thread 0", written.ToString(), StringComparison.Ordinal);
    }

    private static void Report(ArrayView<float> numbers)
    {
        if (Group.IdxX < numbers.IntLength)
        {
            Interop.Write("thread {0}: {1} of {2} {{x}}; ", Group.IdxX, numbers[Group.IdxX], numbers.IntLength);
        }
    }
}
