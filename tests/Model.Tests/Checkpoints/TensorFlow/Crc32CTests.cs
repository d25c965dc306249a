using Engine.Model.Checkpoints.TensorFlow;
using Xunit;

namespace Engine.Model.Tests.Checkpoints.TensorFlow;

public sealed class Crc32CTests
{
    [Fact]
    public void Known_values_are_met()
    {
        Assert.Equal(0xE3069283, Crc32C.Of("123456789"u8));
        Assert.Equal(0xC78AB0E5, Crc32C.Mask(Crc32C.Of("123456789"u8)));
        Assert.Equal(0x43282B05u, Crc32C.Mask(Crc32C.Of([1])));
        Assert.Equal(0x07980329u, Crc32C.Mask(Crc32C.Of(new byte[8])));

        // RFC 3720, appendix B.4.
        Assert.Equal(0x8A9136AAu, Crc32C.Of(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Of([.. Enumerable.Repeat((byte)0xFF, 32)]));
        Assert.Equal(0x46DD794Eu, Crc32C.Of([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
    }

    [Fact]
    public void Streams_in_flight_give_what_single_bits_give()
    {
        var bytes = new byte[20_000];
        new Random(1).NextBytes(bytes);
        foreach (int length in (int[])[0, 1, 7, 8, 9, 6143, 6144, 6145, 12_288, 12_299, 20_000])
        {
            foreach (int start in (int[])[0, 1, 3])
            {
                var part = bytes.AsSpan(Math.Min(start, length), length - Math.Min(start, length));
                Assert.Equal(BitByBit(part), Crc32C.Of(part));
                int middle = part.Length / 3;
                Assert.Equal(BitByBit(part), Crc32C.Append(Crc32C.Of(part[..middle]), part[middle..]));
            }
        }
    }

    private static uint BitByBit(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
        }

        return ~crc;
    }
}
