using System.Numerics;
using System.Runtime.CompilerServices;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>
/// Operations that vectors do not have, done lane by lane. Emitted code stores the operands' lanes in a spill area, calls, and loads the result, so that one
/// function serves every width. Operand i starts at byte i * <see cref="Slot"/>; the mask (32-bit lanes) at <see cref="MaskSlot"/>; the
/// result replaces operand 0. All take (spill area, lanes).
/// </summary>
internal static unsafe class LaneFunctions
{
    /// <summary>Bytes of one operand: 16 lanes of 64 bits.</summary>
    public const int Slot = 128;

    /// <summary>Where the mask starts.</summary>
    public const int MaskSlot = 3 * Slot;

    /// <summary>Bytes of the whole spill area.</summary>
    public const int SpillBytes = 4 * Slot;

    /// <summary>Signed or unsigned division by the type; by 0 it gives 0, and the smallest integer by -1 gives itself.</summary>
    public static void Divide<T>(byte* spill, int lanes)
        where T : unmanaged, IBinaryInteger<T>
    {
        var left = (T*)spill;
        var right = (T*)(spill + Slot);
        for (int lane = 0; lane < lanes; lane++) left[lane] = ScalarFunctions.Divide(left[lane], right[lane]);
    }

    /// <summary>Remainder with the same rules: by 0 it gives the dividend, by -1 it gives 0.</summary>
    public static void Remainder<T>(byte* spill, int lanes)
        where T : unmanaged, IBinaryInteger<T>
    {
        var left = (T*)spill;
        var right = (T*)(spill + Slot);
        for (int lane = 0; lane < lanes; lane++) left[lane] = ScalarFunctions.Remainder(left[lane], right[lane]);
    }

    /// <summary>Shift left by a count a lane, counts taken modulo the width as C# does.</summary>
    public static void ShiftLeft<T>(byte* spill, int lanes)
        where T : unmanaged, IBinaryInteger<T>
    {
        var left = (T*)spill;
        var right = (T*)(spill + Slot);
        for (int lane = 0; lane < lanes; lane++) left[lane] <<= int.CreateTruncating(right[lane]) & (sizeof(T) * 8 - 1);
    }

    /// <summary>Shift right by a count a lane: arithmetic for signed types, logical for unsigned ones.</summary>
    public static void ShiftRight<T>(byte* spill, int lanes)
        where T : unmanaged, IBinaryInteger<T>
    {
        var left = (T*)spill;
        var right = (T*)(spill + Slot);
        for (int lane = 0; lane < lanes; lane++) left[lane] >>= int.CreateTruncating(right[lane]) & (sizeof(T) * 8 - 1);
    }

    /// <summary>High half of the product of unsigned 32-bit lanes.</summary>
    public static void MultiplyHigh(byte* spill, int lanes)
    {
        var left = (uint*)spill;
        var right = (uint*)(spill + Slot);
        for (int lane = 0; lane < lanes; lane++) left[lane] = (uint)(((ulong)left[lane] * right[lane]) >> 32);
    }

    /// <summary>Bit counts; the result is a 32-bit lane.</summary>
    public static void CountBits<T>(byte* spill, int lanes, int op)
        where T : unmanaged, IBinaryInteger<T>
    {
        var value = (T*)spill;
        var result = (int*)spill;
        for (int lane = 0; lane < lanes; lane++)
        {
            result[lane] = int.CreateTruncating((Opcode)op switch
            {
                Opcode.PopulationCount => T.PopCount(value[lane]),
                Opcode.LeadingZeroCount => T.LeadingZeroCount(value[lane]),
                _ => T.TrailingZeroCount(value[lane]),
            });
        }
    }

    /// <summary>Conversions that saturate or round as C#'s scalar ones do. Narrow results are packed from lane 0 on.</summary>
    public static void Convert<TFrom, TTo>(byte* spill, int lanes)
        where TFrom : unmanaged, INumberBase<TFrom>
        where TTo : unmanaged, INumberBase<TTo>
    {
        var from = stackalloc TFrom[lanes];
        Unsafe.CopyBlock(from, spill, (uint)(lanes * sizeof(TFrom)));
        for (int lane = 0; lane < lanes; lane++) ((TTo*)spill)[lane] = TTo.CreateSaturating(from[lane]);
    }

    /// <summary>A library function of floats.</summary>
    public static void MathOfSingle(byte* spill, int lanes, int function)
    {
        var left = (float*)spill;
        var right = (float*)(spill + Slot);
        for (int lane = 0; lane < lanes; lane++) left[lane] = ScalarFunctions.Math(left[lane], right[lane], function);
    }

    /// <summary>A library function of doubles.</summary>
    public static void MathOfDouble(byte* spill, int lanes, int function)
    {
        var left = (double*)spill;
        var right = (double*)(spill + Slot);
        for (int lane = 0; lane < lanes; lane++) left[lane] = ScalarFunctions.Math(left[lane], right[lane], function);
    }

    /// <summary>Loads active lanes from addresses (64-bit lanes in operand 0); inactive ones give 0.</summary>
    public static void Gather<TMemory, TLane>(byte* spill, int lanes)
        where TMemory : unmanaged, INumberBase<TMemory>
        where TLane : unmanaged, INumberBase<TLane>
    {
        var addresses = stackalloc long[lanes];
        Unsafe.CopyBlock(addresses, spill, (uint)(lanes * sizeof(long)));
        var mask = (int*)(spill + MaskSlot);
        for (int lane = 0; lane < lanes; lane++)
            ((TLane*)spill)[lane] = mask[lane] != 0 ? TLane.CreateTruncating(*(TMemory*)addresses[lane]) : TLane.Zero;
    }

    /// <summary>Stores active lanes (operand 1) to addresses (64-bit lanes in operand 0), in the order of lanes.</summary>
    public static void Scatter<TMemory, TLane>(byte* spill, int lanes)
        where TMemory : unmanaged, INumberBase<TMemory>
        where TLane : unmanaged, INumberBase<TLane>
    {
        var addresses = (long*)spill;
        var values = (TLane*)(spill + Slot);
        var mask = (int*)(spill + MaskSlot);
        for (int lane = 0; lane < lanes; lane++)
        {
            if (mask[lane] != 0) *(TMemory*)addresses[lane] = TMemory.CreateTruncating(values[lane]);
        }
    }

    /// <summary>Loads truth values, a byte each, as masks.</summary>
    public static void GatherBool(byte* spill, int lanes)
    {
        Gather<byte, int>(spill, lanes);
        for (int lane = 0; lane < lanes; lane++) ((int*)spill)[lane] = ((int*)spill)[lane] != 0 ? -1 : 0;
    }

    /// <summary>Stores masks as truth values, a byte each.</summary>
    public static void ScatterBool(byte* spill, int lanes)
    {
        var addresses = (long*)spill;
        var values = (int*)(spill + Slot);
        var mask = (int*)(spill + MaskSlot);
        for (int lane = 0; lane < lanes; lane++)
        {
            if (mask[lane] != 0) *(byte*)addresses[lane] = (byte)(values[lane] & 1);
        }
    }

    /// <summary>Atomic operations of active lanes, one after the other: addresses in operand 0, values in 1, comparands in 2; the old values result.</summary>
    public static void Atomic<T>(byte* spill, int lanes, int operation)
        where T : unmanaged
    {
        var addresses = stackalloc long[lanes];
        Unsafe.CopyBlock(addresses, spill, (uint)(lanes * sizeof(long)));
        var values = (T*)(spill + Slot);
        var comparands = (T*)(spill + 2 * Slot);
        var mask = (int*)(spill + MaskSlot);
        for (int lane = 0; lane < lanes; lane++)
        {
            if (mask[lane] != 0) ((T*)spill)[lane] = ScalarFunctions.Atomic((T*)addresses[lane], values[lane], comparands[lane], operation);
        }
    }

    /// <summary>
    /// Shuffles lanes: operand 0 by operand 1 (32-bit origins) in sub-warps of <paramref name="width"/>. A lane whose source lies outside of its
    /// sub-warp keeps its own value.
    /// </summary>
    public static void Shuffle<T>(byte* spill, int lanes, int mode, int width)
        where T : unmanaged
    {
        var values = stackalloc T[lanes];
        Unsafe.CopyBlock(values, spill, (uint)(lanes * sizeof(T)));
        var origins = (int*)(spill + Slot);
        for (int lane = 0; lane < lanes; lane++)
        {
            int first = lane / width * width;
            int source = (ShuffleMode)mode switch
            {
                ShuffleMode.Down => lane + origins[lane],
                ShuffleMode.Up => lane - origins[lane],
                ShuffleMode.Xor => lane ^ origins[lane],
                _ => first + origins[lane],
            };
            ((T*)spill)[lane] = values[source >= first && source < first + width && source < lanes ? source : lane];
        }
    }
}
