using System.Reflection;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Every kernel is legal for NVIDIA cards of four generations; no card is needed to compile it.</summary>
public sealed class PtxTests
{
    [Theory]
    [InlineData(6, 0)]
    [InlineData(7, 5)]
    [InlineData(8, 0)]
    [InlineData(9, 0)]
    public void EveryKernelCompiles(int major, int minor)
    {
        var architecture = new CudaArchitecture(major, minor);
        var failures = new List<string>();
        var context = CreateContext();
        try
        {
            foreach (var kernel in KernelCatalog.All)
            {
                try
                {
                    var text = Compile(context, architecture, kernel.Method);
                    // ILGPU targets the oldest architecture with the capabilities asked for: sm_80 for 9.0.
                    Assert.Contains(".target sm_", text, StringComparison.Ordinal);
                    Assert.Contains(".entry", text, StringComparison.Ordinal);
                }
                catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
                {
                    failures.Add($"{kernel.Name}: {exception.Message} {exception.InnerException?.Message}");
                    context.Dispose();
                    context = CreateContext(); // a compilation that fails leaves the context unusable
                }
            }
        }
        finally
        {
            context.Dispose();
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    [Fact]
    public void NamesAreUnique()
    {
        var names = KernelCatalog.All.Select(kernel => kernel.Name).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    private static string Compile(Context context, CudaArchitecture architecture, MethodInfo method)
    {
        using var backend = new PTXBackend(context, architecture, CudaInstructionSet.ISA_78, null!);
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(method);
        return ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly;
    }

    private static Context CreateContext() =>
        Context.Create(builder => builder.Cuda(_ => false).EnableAlgorithms());
}
