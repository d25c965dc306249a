using System.Text.RegularExpressions;
using Xunit;

namespace Engine.Compute.Tests;

/// <summary>
/// What is fast is fast because the compiler made it so from a kernel's source: no operation is written in vector intrinsics or taken from a
/// mathematics library. These tests read the sources.
/// </summary>
public sealed partial class SourceRulesTests
{
    private static readonly string Root = FindRoot();

    /// <summary>Packages that compute nothing of a model: ILGPU's programming model, the command line, text files, the wire format and the compression of checkpoints, hashes.</summary>
    private static readonly string[] AllowedPackages =
    [
        "ILGPU", "ILGPU.Algorithms", "System.CommandLine", "Spectre.Console", "CsvHelper", "Google.Protobuf", "IronSnappy", "System.IO.Hashing",
    ];

    public static TheoryData<string, bool> Samples => new()
    {
        { "using System.Runtime.Intrinsics.X86;", true },
        { "var x = Vector512.Create(1f);", true },
        { "Vector256<float> sum;", true },
        { "using System.Numerics; Vector<float> v = default;", true },
        { "System.Numerics.Vector.Dot(a, b)", true },
        { "Vector4 v;", true },
        { "using Engine.Compute.Vector;", false },
        { "VectorAccelerator accelerator;", false },
        { "System.Numerics.BitOperations.LeadingZeroCount(1u)", false },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void TheSearchFindsVectorTypesAndNothingElse(string line, bool found) => Assert.Equal(found, VectorTypes().IsMatch(line));

    [Fact]
    public void VectorTypesAppearOnlyInTheVectorCompilerAndInChecksumsAndTheTokenizer()
    {
        Assert.Contains(Sources(), file => file.StartsWith("src/Compute/Vector/", StringComparison.Ordinal) && VectorTypes().IsMatch(Read(file)));
        Assert.DoesNotContain(Sources(), file => !MayHoldVectorTypes(file) && VectorTypes().IsMatch(Read(file)));
    }

    [Fact]
    public void TheVectorRuntimeComputesNothing()
    {
        // It copies, fills and converts: nothing there needs a vector type, or a function of mathematics beyond the choice of sizes.
        var runtime = Sources().Where(file => file.StartsWith("src/Compute/Vector/Runtime/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(runtime);
        Assert.DoesNotContain(runtime, file => VectorTypes().IsMatch(Read(file)) || MathematicsOfFloats().IsMatch(Read(file)));
    }

    [Fact]
    public void NoMathematicsLibraryIsUsed() => Assert.DoesNotContain(Sources(), file => Libraries().IsMatch(Read(file)));

    [Fact]
    public void ProjectsReferenceNoMathematicsPackage()
    {
        var projects = Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories);
        Assert.NotEmpty(projects);
        var packages = projects.SelectMany(project => PackageReference().Matches(File.ReadAllText(project)).Select(match => match.Groups[1].Value)).Distinct();
        Assert.Empty(packages.Except(AllowedPackages));
    }

    private static bool MayHoldVectorTypes(string file) =>
        file.StartsWith("src/Compute/Vector/", StringComparison.Ordinal)
        || file.StartsWith("src/Tokenizer/", StringComparison.Ordinal)
        || Checksum().IsMatch(Path.GetFileName(file));

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal));

    private static string Read(string file) => Comments().Replace(File.ReadAllText(Path.Combine(Root, file)), string.Empty);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"Engine.sln is not above {AppContext.BaseDirectory}");
    }

    [GeneratedRegex(@"Runtime\.Intrinsics|\bVector(64|128|256|512)\b|\bVector\s*<|\bNumerics\.Vector\b|\bVector[234]\b|\bISimdVector\b")]
    private static partial Regex VectorTypes();

    [GeneratedRegex(@"\bMathF\.|\bMath\.(Exp|Log|Sqrt|Tanh|Pow|Sin|Cos|FusedMultiplyAdd)\b|\bfloat\s+\w+\s*=")]
    private static partial Regex MathematicsOfFloats();

    [GeneratedRegex(@"Numerics\.Tensors|\bTensorPrimitives\b|[a-z]*blas\b|libmkl|mkl_rt|\b[sd]gemm_?\b|TorchSharp|OnnxRuntime", RegexOptions.IgnoreCase)]
    private static partial Regex Libraries();

    [GeneratedRegex("<PackageReference\\s+Include=\"([^\"]+)\"")]
    private static partial Regex PackageReference();

    [GeneratedRegex("crc|checksum", RegexOptions.IgnoreCase)]
    private static partial Regex Checksum();

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comments();
}
