using System.Text;

namespace Engine.Model.Data;

/// <summary>Reads text files as UTF-8 and refuses bytes that are not UTF-8: a silent replacement character would change what a model learns.</summary>
public static class StrictUtf8
{
    /// <summary>UTF-8 that throws on invalid bytes and writes no byte order mark.</summary>
    public static readonly UTF8Encoding Encoding = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a whole file; a leading byte order mark is dropped.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">The file is absent, cannot be read, is too large, or holds bytes that are not UTF-8.</exception>
    public static string ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            throw new ModelException($"{path} is a folder, and a file was expected; give the file's path.");
        if (!File.Exists(path))
            throw new ModelException($"File {path} does not exist; give the path of an existing file.");
        try
        {
            return Decode(File.ReadAllBytes(path), path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"File {path} cannot be read ({FirstLine(exception.Message)}); check its permissions and size.", exception);
        }
    }

    /// <summary>Decodes bytes; a leading byte order mark is dropped.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="name">What to call the source in an error.</param>
    /// <exception cref="ModelException">The bytes are not UTF-8.</exception>
    public static string Decode(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        try
        {
            return Encoding.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            int line = 1 + bytes[..Math.Clamp(exception.Index, 0, bytes.Length)].Count((byte)'\n');
            string found = string.Concat((exception.BytesUnknown ?? []).Select(value => $" 0x{value:X2}"));
            throw new ModelException($"{name}, line {line}: the bytes{found} are not UTF-8, which was expected; save the file as UTF-8 and try again.", exception);
        }
    }

    private static string FirstLine(string message) => message.Split('\n')[0].TrimEnd('\r', '.');
}
