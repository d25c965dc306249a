using System.Text.Json.Nodes;
using Engine.Model.Conversion;
using Engine.Model.Tests.Data;

namespace Engine.Model.Tests.Conversion;

/// <summary>Conversions into a folder of a test's own.</summary>
internal sealed class Conversions : IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <summary>Where the test may keep what it makes.</summary>
    public string Path => folder.Path;

    /// <summary>The options that a layout of tests/fixtures/checkpoints needs beyond its files, and that spare the disk.</summary>
    public static ConversionOptions OptionsFor(string layout) => new()
    {
        Flush = false,
        Heads = layout == "hub-tf1" ? 4 : null,
        Vocabulary = layout == "garden" ? Fixtures.At("checkpoints", "tf1", "vocab.txt") : null,
    };

    /// <summary>Converts one of tests/fixtures/checkpoints.</summary>
    /// <returns>The written folder.</returns>
    public string OfLayout(string layout) => Of(Fixtures.At("checkpoints", layout), OptionsFor(layout));

    /// <summary>Converts.</summary>
    /// <returns>The written folder.</returns>
    public string Of(string source, ConversionOptions? options = null)
    {
        string target = System.IO.Path.Combine(folder.Path, $"out-{Guid.NewGuid():N}");
        using var conversion = CheckpointConversion.Open(source, options ?? new ConversionOptions { Flush = false });
        conversion.Write(target);
        return target;
    }

    /// <summary>Copies a folder so that a test may change it.</summary>
    public string Copy(string source)
    {
        string target = System.IO.Path.Combine(folder.Path, $"copy-{Guid.NewGuid():N}", System.IO.Path.GetFileName(source));
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string to = System.IO.Path.Combine(target, System.IO.Path.GetRelativePath(source, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(to)!);
            File.WriteAllBytes(to, File.ReadAllBytes(file));
        }

        return target;
    }

    /// <summary>A file of a written folder as JSON.</summary>
    public static JsonObject Json(string folder, string name) => JsonText.ReadObject(System.IO.Path.Combine(folder, name), "an object");

    public void Dispose() => folder.Dispose();
}
