using System.Security.Cryptography;

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

    /// <summary>Names and contents of everything in the folder.</summary>
    public string Fingerprint() => string.Join('\n', Directory.EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(entry => entry + (Directory.Exists(entry) ? "/" : Convert.ToHexString(SHA256.HashData(System.IO.File.ReadAllBytes(entry))))));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
