using System.Security.Cryptography;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>A folder of its own for one test, with a fingerprint of all that it holds.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("engine-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string content)
    {
        System.IO.File.WriteAllText(File(name), content);
        return File(name);
    }

    public string Write(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    /// <summary>A copy of a folder, to be changed.</summary>
    public string Copy(string source, string name)
    {
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string target = System.IO.Path.Combine(File(name), System.IO.Path.GetRelativePath(source, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            // Written anew: a copy would keep the permissions, and fixtures may be read-only.
            System.IO.File.WriteAllBytes(target, System.IO.File.ReadAllBytes(file));
        }
        return File(name);
    }

    /// <summary>A copy of the small model, to be damaged.</summary>
    public string CopyModel(string name = "model")
    {
        Directory.CreateDirectory(File(name));
        foreach (string file in new[] { "config.json", "model.safetensors", "vocab.txt" })
            System.IO.File.WriteAllBytes(System.IO.Path.Combine(File(name), file), System.IO.File.ReadAllBytes(System.IO.Path.Combine(Repository.SmallModel, file)));
        return File(name);
    }

    /// <summary>Asserts that nothing in the folder is added, changed or removed.</summary>
    public void AssertUntouched(Action action)
    {
        string before = Fingerprint();
        action();
        Assert.Equal(before, Fingerprint());
    }

    /// <summary>Names and contents of everything in the folder.</summary>
    public string Fingerprint() => string.Join('\n', Directory.EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(entry => entry + (Directory.Exists(entry) ? "/" : Convert.ToHexString(SHA256.HashData(System.IO.File.ReadAllBytes(entry))))));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
