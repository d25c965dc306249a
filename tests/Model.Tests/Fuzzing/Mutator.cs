using System.Buffers.Binary;
using System.Text;

namespace Engine.Model.Tests.Fuzzing;

/// <summary>Changes a file's bytes by chance: single bits and bytes, lengths and numbers, whole ranges, and in texts digits, words and lines.</summary>
internal sealed class Mutator(Random random)
{
    private static readonly long[] Numbers =
        [0, 1, -1, 2, 127, 128, 255, 256, 32767, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, long.MaxValue, long.MinValue, 1L << 60];

    private static readonly string[] Words =
        ["true", "false", "null", "-1", "0", "1e999", "99999999999999999999", "2147483648", "\"\"", "[]", "{}", "\"x\"", "NaN", "3.5", "\\u0000", "\ud83d\ude00"];

    /// <summary>A changed copy; of a text often changed as text.</summary>
    /// <param name="content">The file.</param>
    /// <param name="isText">Whether it is JSON or a vocabulary.</param>
    public byte[] Change(byte[] content, bool isText)
    {
        int count = random.Next(4) == 0 ? random.Next(2, 8) : 1;
        for (int i = 0; i < count; i++)
            content = isText && random.Next(2) == 0 ? ChangeText(content) : ChangeBytes(content);
        return content;
    }

    private byte[] ChangeBytes(byte[] content)
    {
        if (content.Length == 0)
            return [(byte)random.Next(256)];
        int at = random.Next(content.Length), length = Math.Min(random.Next(1, 1 << random.Next(1, 12)), content.Length - at);
        switch (random.Next(10))
        {
            case 0:
                return content[..at];
            case 1:
                return [.. content[..at], .. content[(at + length)..]];
            case 2:
                return [.. content[..(at + length)], .. content[at..]];
            case 3:
                var inserted = new byte[length];
                random.NextBytes(inserted);
                return [.. content[..at], .. inserted, .. content[at..]];
        }

        var changed = (byte[])content.Clone();
        switch (random.Next(6))
        {
            case 0:
                changed[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                changed[at] = (byte)random.Next(256);
                break;
            case 2:
                changed[at] = ((byte[])[0, 1, 0x7F, 0x80, 0xFF])[random.Next(5)];
                break;
            case 3:
                Span<byte> number = stackalloc byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(number, Numbers[random.Next(Numbers.Length)]);
                number[..Math.Min(1 << random.Next(1, 4), changed.Length - at)].CopyTo(changed.AsSpan(at));
                break;
            case 4:
                changed.AsSpan(at, length).Fill((byte)(random.Next(2) * 255));
                break;
            default:
                content.AsSpan(random.Next(content.Length - length + 1), length).CopyTo(changed.AsSpan(at));
                break;
        }

        return changed;
    }

    private byte[] ChangeText(byte[] content)
    {
        string text = Encoding.Latin1.GetString(content);
        int at = random.Next(text.Length + 1);
        switch (random.Next(4))
        {
            case 0:
                int digit = text.AsSpan(at).IndexOfAnyInRange('0', '9');
                if (digit < 0)
                    break;
                int end = at + digit;
                while (end < text.Length && char.IsAsciiDigit(text[end]))
                    end++;
                return Bytes(text[..(at + digit)], Words[random.Next(Words.Length)], text[end..]);
            case 1:
                return Bytes(text[..at], Words[random.Next(Words.Length)], text[at..]);
            case 2:
                string[] lines = text.Split('\n');
                int from = random.Next(lines.Length), to = random.Next(lines.Length);
                lines[to] = random.Next(3) switch { 0 => lines[from], 1 => "", _ => lines[to] + "\n" + lines[from] };
                return Bytes(string.Join('\n', lines));
            default:
                int quote = text.AsSpan(at).IndexOf('"');
                if (quote >= 0)
                    return Bytes(text[..(at + quote)], text[(at + quote + 1)..]);
                break;
        }

        return content;
    }

    private static byte[] Bytes(params string[] parts) => [.. parts.SelectMany(part => part.Any(c => c > 255) ? Encoding.UTF8.GetBytes(part) : Encoding.Latin1.GetBytes(part))];
}
