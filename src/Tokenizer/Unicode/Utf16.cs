namespace Engine.Tokenizer.Unicode;

/// <summary>Code points of UTF-16 that may be malformed, and their UTF-8.</summary>
internal static class Utf16
{
    /// <summary>The code point at <paramref name="index"/>, which moves behind it; a surrogate without a partner as it is.</summary>
    public static int Next(ReadOnlySpan<char> text, ref int index)
    {
        char c = text[index++];
        return char.IsHighSurrogate(c) && index < text.Length && char.IsLowSurrogate(text[index]) ? char.ConvertToUtf32(c, text[index++]) : c;
    }

    /// <summary>The code point before <paramref name="index"/>, which moves to it; a surrogate without a partner as it is.</summary>
    public static int Previous(ReadOnlySpan<char> text, ref int index)
    {
        char c = text[--index];
        return char.IsLowSurrogate(c) && index > 0 && char.IsHighSurrogate(text[index - 1]) ? char.ConvertToUtf32(text[--index], c) : c;
    }

    /// <summary>How many bytes code point <paramref name="c"/> has in UTF-8; a surrogate, as any other of its size, three.</summary>
    public static int Utf8Length(int c) => c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    /// <summary>Writes code point <paramref name="c"/> as UTF-8, a surrogate too: three bytes that no valid text has.</summary>
    /// <returns>How many bytes there are.</returns>
    public static int WriteUtf8(int c, Span<byte> bytes)
    {
        switch (Utf8Length(c))
        {
            case 1:
                bytes[0] = (byte)c;
                return 1;
            case 2:
                bytes[1] = Tail(c);
                bytes[0] = (byte)(0xC0 | c >> 6);
                return 2;
            case 3:
                bytes[2] = Tail(c);
                bytes[1] = Tail(c >> 6);
                bytes[0] = (byte)(0xE0 | c >> 12);
                return 3;
            default:
                bytes[3] = Tail(c);
                bytes[2] = Tail(c >> 6);
                bytes[1] = Tail(c >> 12);
                bytes[0] = (byte)(0xF0 | c >> 18);
                return 4;
        }
    }

    private static byte Tail(int c) => (byte)(0x80 | c & 0x3F);
}
