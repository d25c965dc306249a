using System.Text;
using Engine.Model.Data;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>The block before each file of a tar archive (POSIX.1-1988 "ustar", and GNU's ways with long names and large numbers).</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Size">The length of its content.</param>
/// <param name="Type">What it is: <c>0</c> a file, <c>5</c> a folder, <c>x</c> properties of what follows, and more.</param>
internal sealed record TarHeader(string Name, long Size, char Type)
{
    /// <summary>The length of a block; contents are padded to a multiple of it.</summary>
    public const int BlockBytes = 512;

    private const int ChecksumStart = 148;
    private const int ChecksumBytes = 8;

    /// <summary>Reads a header.</summary>
    /// <param name="block">The block.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static TarHeader Read(ReadOnlySpan<byte> block)
    {
        if (!HasChecksum(block))
            throw new InvalidDataException("a header does not have its checksum");
        string name = Text(block[..100]);
        string prefix = block.Slice(257, 6).SequenceEqual("ustar\0"u8) ? Text(block.Slice(345, 155)) : "";
        return new TarHeader(prefix.Length > 0 ? $"{prefix}/{name}" : name, Number(block.Slice(124, 12)), (char)block[156]);
    }

    /// <summary>Whether a block has the checksum of a header: the sum of its bytes, those of the checksum taken as spaces.</summary>
    public static bool HasChecksum(ReadOnlySpan<byte> block)
    {
        long sum = ChecksumBytes * ' ';
        for (int i = 0; i < BlockBytes; i++)
            sum += i is >= ChecksumStart and < ChecksumStart + ChecksumBytes ? 0 : block[i];
        return TryReadOctal(block.Slice(ChecksumStart, ChecksumBytes), out long stored) && stored == sum && sum > ChecksumBytes * ' ';
    }

    /// <summary>A field's text, up to its first zero.</summary>
    /// <exception cref="InvalidDataException">It is not valid UTF-8.</exception>
    public static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        try
        {
            return StrictUtf8.Encoding.GetString(end < 0 ? field : field[..end]);
        }
        catch (DecoderFallbackException exception)
        {
            throw new InvalidDataException("a name is not valid UTF-8", exception);
        }
    }

    private static long Number(ReadOnlySpan<byte> field)
    {
        // GNU writes numbers of more than 33 bits as such, behind a byte of 0x80.
        if (field[0] == 0x80)
        {
            Int128 number = 0;
            foreach (byte digit in field[1..])
                number = (number << 8) | digit;
            if (number <= long.MaxValue)
                return (long)number;
        }
        else if (TryReadOctal(field, out long number))
        {
            return number;
        }

        throw new InvalidDataException("a header has an ill-formed length");
    }

    private static bool TryReadOctal(ReadOnlySpan<byte> field, out long number)
    {
        number = 0;
        var digits = field.Trim(" \0"u8);
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return false;
            number = (number << 3) | (uint)(digit - '0');
        }

        return digits.Length > 0;
    }
}
