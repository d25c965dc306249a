using System.Reflection.Emit;
using ILGPU;
using Half = ILGPU.Half;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>
/// Writes loads and stores of elements of 8, 16 and 64 bits: of the inputs seen as such, and of the thread's own slots of y, where elements of all sizes lie over
/// each other; and of local arrays of small elements. No float that was computed goes there, for the bits of what is no number are the processor's choice.
/// </summary>
internal sealed class MemoryCasts(KernelWriter kernel, IntegerExpressions integers)
{
    private const int SlotBytes = KernelGenerator.SlotsPerThread * sizeof(int);

    private static readonly (Type Type, int Size, OpCode Load, OpCode Store, OpCode Convert)[] Elements =
    [
        (typeof(byte), 1, OpCodes.Ldind_U1, OpCodes.Stind_I1, OpCodes.Conv_U1),
        (typeof(sbyte), 1, OpCodes.Ldind_I1, OpCodes.Stind_I1, OpCodes.Conv_I1),
        (typeof(ushort), 2, OpCodes.Ldind_U2, OpCodes.Stind_I2, OpCodes.Conv_U2),
        (typeof(short), 2, OpCodes.Ldind_I2, OpCodes.Stind_I2, OpCodes.Conv_I2),
    ];

    private readonly ILGenerator il = kernel.IL;
    private readonly Random random = kernel.Random;

    /// <summary>Pushes a small element of an input, of the thread's own slots or of a local array, as an integer of 32 bits.</summary>
    public string Load(int levels)
    {
        var element = Elements[random.Next(Elements.Length)];
        string text;
        switch (random.Next(4))
        {
            case 0:
                text = OwnAddress(element.Type, element.Size);
                il.Emit(element.Load);
                break;
            case 1:
                text = SmallArray(out _, out var load, out _);
                il.Emit(load);
                break;
            default:
                text = InputAddress(element.Type, element.Size, levels);
                il.Emit(element.Load);
                break;
        }

        // Of two conversions in a row ILGPU's IR builder forgets the second one's signedness.
        return integers.Opaque(text);
    }

    /// <summary>Pushes an integer of 64 bits of an input or of the thread's own slots.</summary>
    public string LoadLong(int levels)
    {
        var text = random.Next(2) == 0 ? OwnAddress(typeof(long), sizeof(long)) : InputAddress(typeof(long), sizeof(long), levels);
        il.Emit(OpCodes.Ldind_I8);
        return text;
    }

    /// <summary>Pushes a half of an input, or one that the thread has stored.</summary>
    public string LoadHalf(int levels)
    {
        var text = random.Next(3) == 0 ? OwnAddress(typeof(Half), 2) : InputAddress(typeof(Half), 2, levels);
        il.Emit(OpCodes.Ldobj, typeof(Half));
        return text;
    }

    /// <summary>Pushes a half whose bits are those of an integer, never an infinity.</summary>
    public string HalfFromBits(int levels)
    {
        var bits = integers.Int(levels);
        il.Emit(OpCodes.Ldc_I4, 0xFBFF);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Conv_U2);
        kernel.Call(typeof(Interop), nameof(Interop.IntAsFloat), typeof(ushort));
        return $"half(({bits}) & 0xFBFF)";
    }

    /// <summary>A statement that stores an element to one of the thread's own slots or to a local array.</summary>
    public void Store()
    {
        string target, value;
        switch (random.Next(6))
        {
            case 0:
                target = OwnAddress(typeof(long), sizeof(long));
                value = integers.Long(2);
                il.Emit(OpCodes.Stind_I8);
                break;
            case 1:
                target = OwnAddress(typeof(Half), 2);
                value = HalfFromBits(1);
                il.Emit(OpCodes.Stobj, typeof(Half));
                break;
            case 2:
                target = SmallArray(out var convert, out _, out var store);
                value = integers.Opaque(integers.Int(2));
                il.Emit(convert);
                il.Emit(store);
                break;
            default:
                var element = Elements[random.Next(Elements.Length)];
                target = OwnAddress(element.Type, element.Size);
                value = integers.Opaque(integers.Int(2));
                il.Emit(element.Convert);
                il.Emit(element.Store);
                break;
        }

        kernel.Line($"{target} = {value}");
    }

    /// <summary>Pushes a local array of bytes or shorts and an index into it.</summary>
    private string SmallArray(out OpCode convert, out OpCode load, out OpCode store)
    {
        var bytes = random.Next(2) == 0;
        (convert, load, store) = bytes ? (OpCodes.Conv_U1, OpCodes.Ldelem_U1, OpCodes.Stelem_I1) : (OpCodes.Conv_I2, OpCodes.Ldelem_I2, OpCodes.Stelem_I2);
        il.Emit(OpCodes.Ldloc, bytes ? kernel.ByteArray : kernel.ShortArray);
        return $"{(bytes ? "bytes" : "shorts")}[{integers.LocalIndex()}]";
    }

    /// <summary>Pushes the address of an element in the thread's own slots.</summary>
    private string OwnAddress(Type element, int size)
    {
        var elements = SlotBytes / size;
        var index = string.Empty;
        kernel.LoadCastAddress(4, element, () =>
        {
            il.Emit(OpCodes.Ldloc, kernel.Thread);
            il.Emit(OpCodes.Ldc_I4, elements);
            il.Emit(OpCodes.Mul);
            if (random.Next(2) == 0)
            {
                var constant = random.Next(elements);
                il.Emit(OpCodes.Ldc_I4, constant);
                index = KernelWriter.Number(constant);
            }
            else
            {
                index = $"({integers.Int(1)}) & {elements - 1}";
                il.Emit(OpCodes.Ldc_I4, elements - 1);
                il.Emit(OpCodes.And);
            }

            il.Emit(OpCodes.Add);
        });
        return $"y as {element.Name}[own {index}]";
    }

    /// <summary>Pushes the address of an element of an input.</summary>
    private string InputAddress(Type element, int size, int levels)
    {
        var view = random.Next(2);
        var elements = OracleLaunch.Length * sizeof(float) / size;
        var index = string.Empty;
        kernel.LoadCastAddress((short)view, element, () =>
        {
            if (random.Next(2) == 0)
            {
                var offset = random.Next(elements - (OracleLaunch.Length / KernelGenerator.SlotsPerThread));
                kernel.ThreadPlus(offset);
                index = $"thread + {offset}";
            }
            else
            {
                index = $"({integers.Int(Math.Max(levels - 1, 0))}) & {elements - 1}";
                il.Emit(OpCodes.Ldc_I4, elements - 1);
                il.Emit(OpCodes.And);
            }
        });
        return $"{(view == 0 ? 'a' : 'b')} as {element.Name}[{index}]";
    }
}
