using System.Text;

namespace Engine.Tokenizer;

/// <summary>Reads small files with messages that say what is wrong, where, and what was expected.</summary>
internal static class FileContents
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>All bytes of the file at <paramref name="path"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">What the file should be, for the message.</param>
    /// <exception cref="FileNotFoundException">There is no such file, or a folder on the way to it is missing.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path, string expected)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: there is no such file; expected {expected}.", path);
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: cannot be read ({error.Message.ReplaceLineEndings(" ")}); check the path and the permissions", error);
        }
    }

    /// <summary>Decodes UTF-8, without a byte order mark.</summary>
    /// <exception cref="InvalidDataException">The bytes are no UTF-8.</exception>
    public static string DecodeUtf8(ReadOnlySpan<byte> bytes, string path)
    {
        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{path}: byte {error.Index} is no valid UTF-8; save the file as UTF-8.", error);
        }
    }
}
