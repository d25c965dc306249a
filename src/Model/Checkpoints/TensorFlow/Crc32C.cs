using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>
/// The checksum of sorted tables and tensor bundles: CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), stored masked
/// (google/leveldb, util/crc32c.h).
/// </summary>
internal static class Crc32C
{
    // Three streams of this length are in flight at once: the instruction takes one operand a cycle and answers after three.
    private const int StreamBytes = 2048;
    private const uint MaskDelta = 0xA282EAD8;

    private static readonly uint[] AfterStream = ShiftTable(StreamBytes);

    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The checksum of bytes that follow others.</summary>
    /// <param name="checksum">That of the others; 0 where there are none.</param>
    /// <param name="bytes">What follows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        uint crc = ~checksum;
        for (; bytes.Length >= 3 * StreamBytes; bytes = bytes[(3 * StreamBytes)..])
        {
            uint second = 0, third = 0;
            for (int i = 0; i < StreamBytes; i += sizeof(ulong))
            {
                crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes[i..]));
                second = BitOperations.Crc32C(second, BinaryPrimitives.ReadUInt64LittleEndian(bytes[(StreamBytes + i)..]));
                third = BitOperations.Crc32C(third, BinaryPrimitives.ReadUInt64LittleEndian(bytes[((2 * StreamBytes) + i)..]));
            }

            crc = Shift(Shift(crc) ^ second) ^ third;
        }

        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    /// <summary>A checksum as files store it: rotated and shifted, so that the checksum of data that hold checksums stays meaningful.</summary>
    public static uint Mask(uint checksum) => BitOperations.RotateRight(checksum, 15) + MaskDelta;

    /// <summary>The register after a stream of zeros. It is linear in the register, so that a byte's contribution can be looked up.</summary>
    private static uint Shift(uint crc) =>
        AfterStream[(byte)crc] ^ AfterStream[256 + (byte)(crc >> 8)] ^ AfterStream[512 + (byte)(crc >> 16)] ^ AfterStream[768 + (byte)(crc >> 24)];

    /// <summary>For each of the register's four bytes and each value of it, the register after a number of zero bytes.</summary>
    private static uint[] ShiftTable(int zeros)
    {
        var bits = new uint[32];
        for (int bit = 0; bit < 32; bit++)
        {
            uint crc = 1u << bit;
            for (int i = 0; i < zeros; i += sizeof(ulong))
                crc = BitOperations.Crc32C(crc, 0UL);
            bits[bit] = crc;
        }

        var table = new uint[4 * 256];
        for (int i = 0; i < table.Length; i++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                if ((i >> bit & 1) != 0)
                    table[i] ^= bits[(8 * (i >> 8)) + bit];
            }
        }

        return table;
    }
}
