using System.Buffers.Binary;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion.Verification;

/// <summary>A tensor as its source stores it, its elements given in double precision.</summary>
/// <param name="entry">What the source says of it.</param>
/// <param name="bytes">Its elements, little-endian, row-major.</param>
/// <param name="rounding">The type that every element is rounded to first (nearest, ties to even), as in a checkpoint that stores it so.</param>
internal sealed class ReferenceTensor(TensorEntry entry, byte[] bytes, TensorType rounding)
{
    /// <summary>Its dimensions in the source.</summary>
    public IReadOnlyList<int> Shape => entry.Shape;

    /// <summary>The number of elements.</summary>
    public int Count => (int)entry.Count;

    /// <summary>Its name and shape, for messages.</summary>
    public string Description => $"tensor \"{entry.Name}\" of shape {entry.ShapeText}";

    /// <summary>An element by its place in row-major order.</summary>
    /// <param name="index">From 0.</param>
    public double this[int index] => Round(entry.Type switch
    {
        TensorType.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4 * index)),
        TensorType.F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(2 * index)),
        TensorType.BF16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * index)) << 16),
        _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(8 * index)),
    });

    /// <summary>A row of a matrix.</summary>
    /// <param name="row">From 0.</param>
    public double[] Row(int row)
    {
        int width = Shape[^1];
        var values = new double[width];
        for (int i = 0; i < width; i++)
            values[i] = this[(row * width) + i];
        return values;
    }

    /// <summary>All elements in row-major order.</summary>
    public double[] ToArray()
    {
        var values = new double[Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = this[i];
        return values;
    }

    private double Round(double value) => rounding switch
    {
        TensorType.F32 => (float)value,
        TensorType.F16 => (double)(Half)(float)value,
        TensorType.BF16 => RoundTo8Bits((float)value),
        _ => value,
    };

    /// <summary>The nearest number with a significand of 8 bits.</summary>
    private static double RoundTo8Bits(float value)
    {
        if (value == 0 || !float.IsFinite(value))
            return value;
        double unit = Math.ScaleB(1, Math.Max(Math.ILogB(value), -126) - 7);
        return Math.Round(value / unit, MidpointRounding.ToEven) * unit;
    }
}
