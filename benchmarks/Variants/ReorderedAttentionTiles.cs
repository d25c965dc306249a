using Engine.Kernels;
using ILGPU;
using ILGPU.Util;

namespace Engine.Benchmarks.Variants;

/// <summary>
/// What the CPU-shaped attention kernels are built of, once more under other names: loops and statements in another order, other strides, odd register tiles.
/// </summary>
internal static class ReorderedAttentionTiles
{
    /// <summary>Keys that are worked on together: whole blocks of dropout.</summary>
    internal const int Keys = 128;

    /// <summary>Distance of the rows of every matrix in shared memory.</summary>
    internal const int Pitch = 128 + 48;

    /// <summary>Most rows of a register tile.</summary>
    internal const int MostRows = 16;

    /// <summary>Most threads of a group.</summary>
    internal const int MostLanes = 16;

    /// <summary>Copies rows into shared memory, times a factor, with zeros to the right and below.</summary>
    internal static void Gather<TShape>(
        ArrayView<float> target, ArrayView<float> source, int at, int pitch, int count, int wanted, int columns, float factor)
        where TShape : struct, IAttentionPanel
    {
        int lanes = default(TShape).Lanes;
        int lane = Group.IdxX;
        int end = Whole(columns + 2 * lanes - 1, 2 * lanes);
        int full = Whole(columns, lanes);
        for (int row = count; row < wanted; row++)
        {
            for (int column = 0; column < end; column += lanes)
                target[column + lane + row * Pitch] = 0f;
        }

        for (int row = 0; row < count; row++)
        {
            int to = lane + row * Pitch;
            int from = at + lane + row * pitch;
            for (int column = full; column < end; column += lanes)
            {
                float value = 0f;
                if (lane < columns - column)
                    value = factor * source[column + from];
                target[column + to] = value;
            }

            for (int column = 0; column < full; column += lanes)
                target[column + to] = factor * source[column + from];
        }
    }

    /// <summary>Copies rows into shared memory as columns, squares of lanes x lanes turned in registers.</summary>
    internal static void GatherTurned<TShape>(ArrayView<float> target, ArrayView<float> source, int at, int pitch, int count, int columns)
        where TShape : struct, IAttentionPanel
    {
        int lanes = default(TShape).Lanes;
        int lane = Group.IdxX;
        int end = Whole(count + 2 * lanes - 1, 2 * lanes);
        for (int column = 0; column < columns; column += lanes)
        {
            for (int row = 0; row < end; row += lanes)
            {
                var square = new float[default(TShape).Lanes];
                int from = at + lane + column + row * pitch;
                if (column + lanes > columns || row + lanes > count)
                {
                    for (int i = 0; i < lanes; i++)
                    {
                        float value = 0f;
                        if (column + lane < columns && row + i < count)
                            value = source[i * pitch + from];
                        square[i] = value;
                    }
                }
                else
                {
                    for (int i = 0; i < lanes; i++)
                        square[i] = source[i * pitch + from];
                }

                if (default(TShape).Lanes > 8)
                    Exchange(square, 8, lanes);
                if (default(TShape).Lanes > 4)
                    Exchange(square, 4, lanes);
                Exchange(square, 2, lanes);
                Exchange(square, 1, lanes);
                for (int i = 0; i < lanes; i++)
                    target[lane + row + Pitch * (i + column)] = square[i];
            }
        }
    }

    /// <summary>A register tile of a product, added to the result or stored.</summary>
    internal static void Product<TShape>(
        ArrayView<float> result, int to, ArrayView<float> left, int leftAt, int down, int across, ArrayView<float> right, int rightAt, int steps, bool adds)
        where TShape : struct, IAttentionPanel
    {
        int lanes = default(TShape).Lanes;
        int height = default(TShape).Rows;
        int lane = Group.IdxX;
        var lower = new float[default(TShape).Rows];
        var upper = new float[default(TShape).Rows];
        if (adds)
        {
            for (int i = 0; i < height; i++)
            {
                upper[i] = result[lane + lanes + i * Pitch + to];
                lower[i] = result[lane + i * Pitch + to];
            }
        }

        for (int step = 0; step < steps; step++)
        {
            float second = right[lane + lanes + step * Pitch + rightAt];
            float first = right[lane + step * Pitch + rightAt];
            for (int i = 0; i < height; i++)
            {
                int r = height - 1 - i;
                float factor = left[step * across + r * down + leftAt];
                upper[r] += second * factor;
                lower[r] += first * factor;
            }
        }

        for (int i = 0; i < height; i++)
        {
            result[lane + lanes + i * Pitch + to] = upper[i];
            result[lane + i * Pitch + to] = lower[i];
        }
    }

    /// <summary>The sum over the lanes, in every lane.</summary>
    internal static float Total<TShape>(float value)
        where TShape : struct, IAttentionPanel
    {
        if (default(TShape).Lanes > 8)
            value += Warp.ShuffleXor(value, 8);
        if (default(TShape).Lanes > 4)
            value += Warp.ShuffleXor(value, 4);
        value += Warp.ShuffleXor(value, 2);
        return value + Warp.ShuffleXor(value, 1);
    }

    /// <summary>The largest over the lanes, in every lane.</summary>
    internal static float Largest<TShape>(float value)
        where TShape : struct, IAttentionPanel
    {
        if (default(TShape).Lanes > 8)
            value = DeviceMath.Max(Warp.ShuffleXor(value, 8), value);
        if (default(TShape).Lanes > 4)
            value = DeviceMath.Max(Warp.ShuffleXor(value, 4), value);
        value = DeviceMath.Max(Warp.ShuffleXor(value, 2), value);
        return DeviceMath.Max(Warp.ShuffleXor(value, 1), value);
    }

    /// <summary>Rounds down to a multiple of a power of two.</summary>
    internal static int Whole(int value, int multiple) => value & ~(multiple - 1);

    /// <summary>Rounds up to a multiple of any number.</summary>
    internal static int UpTo(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private static void Exchange(float[] square, int bit, int lanes)
    {
        bool upper = (bit & Group.IdxX) != 0;
        for (int i = 0; i < lanes; i++)
        {
            if ((bit & i) == 0)
            {
                float high = square[bit + i];
                float low = square[i];
                square[bit + i] = Utilities.Select(upper, high, Warp.ShuffleXor(low, bit));
                square[i] = Utilities.Select(upper, Warp.ShuffleXor(high, bit), low);
            }
        }
    }
}

/// <summary>11 rows, for 512-bit vectors.</summary>
internal readonly struct OddPanel16 : IAttentionPanel
{
    /// <inheritdoc/>
    public int Lanes => 16;

    /// <inheritdoc/>
    public int Rows => 11;
}

/// <summary>5 rows, for 256-bit vectors.</summary>
internal readonly struct OddPanel8 : IAttentionPanel
{
    /// <inheritdoc/>
    public int Lanes => 8;

    /// <inheritdoc/>
    public int Rows => 5;
}

/// <summary>5 rows, for 128-bit vectors.</summary>
internal readonly struct OddPanel4 : IAttentionPanel
{
    /// <inheritdoc/>
    public int Lanes => 4;

    /// <inheritdoc/>
    public int Rows => 5;
}
