using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>What ILGPU tells of a loaded kernel: its memory, and how it is best launched.</summary>
public sealed class KernelInformationTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SharedMemoryIsListedWhereTheContextCollectsIt(bool collected)
    {
        using var context = Context.Create(builder =>
        {
            // The builder has no method for it in this version.
            typeof(ContextProperties).GetProperty(nameof(ContextProperties.EnableKernelInformation))!.SetMethod!.Invoke(builder, [collected]);
        });
        using var accelerator = context.CreateVectorCpuAccelerator();
        accelerator.LoadKernel<Action<AcceleratorStream, KernelConfig, ArrayView<int>>>(Method(nameof(Shared)), KernelSpecialization.Empty, out var information);
        Assert.NotNull(information);
        Assert.Equal(collected ? (40 * 4) + (3 * 8) : 0, information.SharedAllocations.TotalSize);
        Assert.Equal(collected ? 2 : 0, information.SharedAllocations.Length);
        Assert.Equal(collected ? 1 : 0, information.Functions.Length);
        if (collected)
        {
            Assert.Equal(Method(nameof(Shared)), information.Functions[0].Method);
            Assert.Equal(17 * 4, information.Functions[0].LocalMemorySize);
            var text = new StringWriter();
            information.Dump(text);
            Assert.Contains(nameof(Shared), text.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ImplicitlyGroupedKernelsTellTheirGroups()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator(new() { Threads = 2 });
        accelerator.LoadAutoGroupedKernel<Action<AcceleratorStream, Index1D, ArrayView<int>>>(Method(nameof(Implicit)), out var automatic);
        Assert.NotNull(automatic);
        Assert.InRange(automatic.MinGroupSize!.Value, accelerator.WarpSize, accelerator.MaxNumThreadsPerGroup);
        Assert.Equal(2, automatic.MinGridSize);
        accelerator.LoadImplicitlyGroupedKernel<Action<AcceleratorStream, Index1D, ArrayView<int>>>(Method(nameof(Implicit)), 96, out var chosen);
        Assert.Equal(96, chosen!.MinGroupSize);
    }

    [Fact]
    public void GroupSizesAndOccupancyAreEstimatedWithinTheLimits()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator(new() { Threads = 2 });
        using var kernel = accelerator.LoadAutoGroupedKernel(Method(nameof(Implicit)));
        Assert.InRange(accelerator.EstimateGroupSize(kernel, out var groups), 1, accelerator.MaxNumThreadsPerGroup);
        Assert.Equal(2, groups);
        Assert.Equal(64, accelerator.EstimateGroupSize(kernel, 0, 64, out _));
        Assert.InRange(accelerator.EstimateOccupancyPerMultiprocessor(kernel, 256), 0f, 1f);
        Assert.Throws<NotSupportedException>(() => accelerator.LoadImplicitlyGroupedKernel(Method(nameof(Implicit)), 4096));
    }

    [Fact]
    public void ACompiledKernelNamesItsEntry()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        var compiled = accelerator.GetBackend().Compile(EntryPointDescription.FromExplicitlyGroupedKernel(Method(nameof(Shared))), KernelSpecialization.Empty);
        Assert.Equal($"Kernel_{nameof(Shared)}", compiled.Name);
        Assert.Equal(1, compiled.NumParameters);
        using var kernel = accelerator.LoadKernel(compiled);
        Assert.Same(compiled, kernel.CompiledKernel);
    }

    private static MethodInfo Method(string name) => typeof(KernelInformationTests).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!;

    private static void Shared(ArrayView<int> output)
    {
        var numbers = SharedMemory.Allocate<int>(40);
        var wide = SharedMemory.Allocate<double>(3);
        var local = LocalMemory.Allocate<int>(17);
        for (var i = 0; i < 17; i++) local[i] = i * Group.IdxX;
        numbers[Group.IdxX] = local[output[0]];
        wide[Group.IdxX % 3] = 1.0;
        Group.Barrier();
        output[Group.IdxX] = numbers[0] + (int)wide[0];
    }

    private static void Implicit(Index1D index, ArrayView<int> output) => output[index] = index;
}
