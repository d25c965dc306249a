using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Engine.Model.Checkpoints;

/// <summary>The element types that weights are stored in, and their values as single precision.</summary>
internal static class TensorElements
{
    /// <summary>The bytes of an element of a float type; null for any other type.</summary>
    public static int? Width(TensorType type) => type switch
    {
        TensorType.F32 => 4,
        TensorType.F16 or TensorType.BF16 => 2,
        TensorType.F64 => 8,
        _ => null,
    };

    /// <summary>Converts little-endian elements to single precision: exactly, but for F64, which is rounded.</summary>
    /// <param name="bytes">The elements.</param>
    /// <param name="type">F32, F16, BF16 or F64.</param>
    /// <param name="values">As many values as there are elements.</param>
    public static void Widen(ReadOnlySpan<byte> bytes, TensorType type, Span<float> values)
    {
        if (type == TensorType.F32)
        {
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            values[i] = type switch
            {
                TensorType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]),
                TensorType.BF16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16),
                _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]),
            };
        }
    }
}
