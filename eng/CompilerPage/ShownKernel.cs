using System.Reflection;
using System.Text.RegularExpressions;
using Engine.Compute;
using Engine.Compute.Vector;
using Engine.Kernels;

namespace Engine.CompilerPage;

/// <summary>A kernel of the page, and its stages as text.</summary>
internal sealed class ShownKernel
{
    /// <summary>Width of the vectors that are shown, whatever those of the machine are.</summary>
    private const int VectorBits = 256;

    private static readonly ShownKernel[] All =
    [
        new("MeanPool", "src/Kernels/MeanPool.cs", KernelCatalog.Find("MeanPool.ForwardKernel").Single().Method, 8),
        new("Wavelet", "eng/CompilerPage/PageKernels.cs", typeof(PageKernels).GetMethod(nameof(PageKernels.Wavelet))!, 16),
    ];

    private readonly string name;
    private readonly string file;
    private readonly MethodInfo method;
    private readonly int group;
    private readonly Lazy<KernelDump> dump;

    private ShownKernel(string name, string file, MethodInfo method, int group)
    {
        this.name = name;
        this.file = file;
        this.method = method;
        this.group = group;
        dump = new Lazy<KernelDump>(Compile);
    }

    /// <summary>Finds a kernel.</summary>
    /// <param name="name">Its name on the page.</param>
    /// <returns>The kernel, or null.</returns>
    public static ShownKernel? Find(string name) => All.FirstOrDefault(kernel => kernel.name == name);

    /// <summary>Gives a stage as text.</summary>
    /// <param name="stage">What <c>dump-kernel --stage</c> takes, or <c>csharp</c>.</param>
    /// <returns>Its lines, or null where there is no such stage.</returns>
    public string[]? Stage(string stage) => stage switch
    {
        "csharp" => CSharp(),
        "source" => Lines(dump.Value.Source),
        "imported" => Lines(dump.Value.Imported),
        "ir" => Lines(dump.Value.Function),
        "il" => Lines(dump.Value.Instructions),
        _ => null,
    };

    private static string[] Lines(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');

    private KernelDump Compile()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1 });
        return KernelDump.Of(device, method, group, vectorBits: VectorBits);
    }

    /// <summary>The method as it stands in its file: from its declaration to the brace that ends it, moved to the left.</summary>
    private string[] CSharp()
    {
        var lines = Lines(File.ReadAllText(Path.Combine(Page.FindRoot(), file)));
        var start = Array.FindIndex(lines, line => Regex.IsMatch(line, $@"^\s+(public|private|internal) static .*\b{method.Name}\("));
        if (start < 0)
            throw new InvalidOperationException($"{file} declares no {method.Name}");
        var indent = lines[start].Length - lines[start].TrimStart().Length;
        var end = Array.IndexOf(lines, new string(' ', indent) + "}", start);
        return [.. lines[start..(end + 1)].Select(line => line.Length == 0 ? line : line[indent..])];
    }
}
