using System.Text.RegularExpressions;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>What ILGPU makes of the kernels for OpenCL, as text; drivers are not asked to compile it.</summary>
[Collection(TestDevices.Collection)]
public sealed partial class OpenClSourceTests(TestDevices devices)
{
    [SkippableFact]
    public void EveryBarrierFencesSharedMemoryAndNoPointerIsGeneric()
    {
        var device = devices.Get("opencl");
        int barriers = 0;
        foreach (var kernel in KernelCatalog.All.Where(PtxTests.IsForGpus))
        {
            var compiled = (CLCompiledKernel)device.Accelerator.GetBackend().Compile(EntryPointDescription.FromExplicitlyGroupedKernel(kernel.Method), default);
            foreach (Match barrier in Barrier().Matches(compiled.Source))
            {
                barriers++;
                Assert.True(barrier.Groups[1].Value.Contains("CLK_LOCAL_MEM_FENCE", StringComparison.Ordinal), $"{kernel.Name}: {barrier.Value}");
                Assert.True(barrier.Groups[1].Value.Contains("CLK_GLOBAL_MEM_FENCE", StringComparison.Ordinal), $"{kernel.Name}: {barrier.Value}");
            }

            Assert.False(compiled.Source.Contains("__generic", StringComparison.Ordinal), $"{kernel.Name} names a generic address space");
        }

        // Two for each GPU-shaped matrix product, more for attention and for every reduction over a group.
        Assert.True(barriers > 100, $"{barriers} barriers");
    }

    [GeneratedRegex(@"barrier\s*\(([^)]*)\)")]
    private static partial Regex Barrier();
}
