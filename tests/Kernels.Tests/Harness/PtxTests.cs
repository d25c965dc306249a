using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Every kernel is legal for NVIDIA cards of four generations; no card is needed to compile it.</summary>
public sealed partial class PtxTests
{
    /// <summary>Static shared memory that a block may have on every card, in bytes (CUDA C++ Programming Guide, technical specifications).</summary>
    private const int StaticSharedBytes = 48 * 1024;

    /// <summary>
    /// What the kernels are specialized on: the hidden size, of the fixtures and of BERT's checkpoints, and on layer-norm's forms, which are two bits.
    /// </summary>
    private static readonly (int[] HiddenSizes, int[] Forms) Specializations = ([32, 48, 128, 384, 768, 1024], [0, 1, 2, 3]);

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
    public void KernelsForGpusUseNoLocalMemoryAndLittleSharedMemory()
    {
        using var context = CreateContext();
        var compiled = 0;
        foreach (var kernel in KernelCatalog.All.Where(IsForGpus))
        {
            foreach (var method in Specialized(kernel.Method))
            {
                var text = Compile(context, new CudaArchitecture(8, 0), method);
                Assert.False(text.Contains(".local", StringComparison.Ordinal), $"{kernel.Name} keeps something in local memory");
                var shared = SharedBytes(text);
                Assert.True(shared <= StaticSharedBytes, $"{kernel.Name} takes {shared} bytes of shared memory");
                compiled++;
            }
        }

        Assert.True(compiled > 80, $"{compiled} kernels");
    }

    /// <summary>The two searches of the test above find what they look for, in kernels that are made for processors.</summary>
    [Fact]
    public void KernelsForProcessorsUseBoth()
    {
        using var context = CreateContext();
        foreach (var kernel in KernelCatalog.All.Where(kernel => !IsForGpus(kernel) && kernel.Name.Contains("Forward", StringComparison.Ordinal)))
        {
            var text = Compile(context, new CudaArchitecture(8, 0), kernel.Method);
            Assert.Contains(".local", text, StringComparison.Ordinal);
            Assert.True(SharedBytes(text) > StaticSharedBytes, kernel.Name);
        }
    }

    [Fact]
    public void NamesAreUnique()
    {
        var names = KernelCatalog.All.Select(kernel => kernel.Name).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
    }

    /// <summary>Whether a GPU may be given the kernel: all but the CPU-shaped ones, which <see cref="Compute.TileTable.PanelGemm"/> chooses.</summary>
    internal static bool IsForGpus(KernelEntry kernel) =>
        !kernel.Method.GetGenericArguments().Any(type => type.IsAssignableTo(typeof(IPanelTile)) || type.IsAssignableTo(typeof(IAttentionPanel)));

    private static IEnumerable<MethodInfo> Specialized(MethodInfo kernel) => SpecializedKernel.ParametersOf(kernel) switch
    {
        0 => [kernel],
        1 => Specializations.HiddenSizes.Select(hidden => SpecializedKernel.Of(kernel, hidden)),
        _ => Specializations.HiddenSizes.SelectMany(hidden => Specializations.Forms.Select(form => SpecializedKernel.Of(kernel, hidden, form))),
    };

    /// <summary>The static shared memory that a kernel declares, in bytes.</summary>
    private static long SharedBytes(string text)
    {
        var lines = text.Split('\n').Where(line => line.Contains(".shared", StringComparison.Ordinal) && line.Contains(".align", StringComparison.Ordinal));
        return lines.Sum(line =>
        {
            var match = SharedDeclaration().Match(line);
            Assert.True(match.Success, line);
            return long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) / 8 * long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
        });
    }

    [GeneratedRegex(@"\.shared\s+\.align\s+\d+\s+\.b(\d+)\s+\w+\[(\d+)\]")]
    private static partial Regex SharedDeclaration();

    private static string Compile(Context context, CudaArchitecture architecture, MethodInfo method)
    {
        using var backend = new PTXBackend(context, architecture, CudaInstructionSet.ISA_78, null!);
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(method);
        return ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly;
    }

    private static Context CreateContext() =>
        Context.Create(builder => builder.Cuda(_ => false).EnableAlgorithms());
}
