using System.Reflection.Emit;
using ILGPU;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>Pushes random integers of 32 and 64 bits, and cut to 8 and 16, and gives them as text.</summary>
internal sealed class IntegerExpressions
{
    private readonly KernelWriter kernel;
    private readonly ILGenerator il;
    private readonly Random random;

    public IntegerExpressions(KernelWriter kernel)
    {
        this.kernel = kernel;
        il = kernel.IL;
        random = kernel.Random;
        Memory = new MemoryCasts(kernel, this);
    }

    /// <summary>Gets what loads integers of other sizes.</summary>
    public MemoryCasts Memory { get; }

    /// <summary>An integer of 32 bits.</summary>
    public string Int(int levels)
    {
        switch (random.Next(levels > 0 ? 19 : 5))
        {
            case 0:
                var constant = random.Next(-20, 100);
                il.Emit(OpCodes.Ldc_I4, constant);
                return KernelWriter.Number(constant);
            case 1 when kernel.Counters.Count > 0:
                var counter = random.Next(kernel.Counters.Count);
                il.Emit(OpCodes.Ldloc, kernel.Counters[counter]);
                return $"c{counter}";
            case 2:
                il.Emit(OpCodes.Ldloc, kernel.Thread);
                return "thread";
            case 3:
                return SameForAll();
            case <= 5:
                var variable = random.Next(KernelWriter.Variables);
                il.Emit(OpCodes.Ldloc, kernel.Ints[variable]);
                return $"i{variable}";
            case 6:
                var index = string.Empty;
                kernel.LoadElement(2, () => index = Index(levels - 1));
                return $"i[{index}]";
            case 7:
                return Quotient(levels);
            case 8:
                return Shift(() => Int(levels - 1), 31);
            case 9:
                return Extreme(typeof(int), typeof(uint), () => Int(levels - 1));
            case 10:
                il.Emit(OpCodes.Ldloc, kernel.IntArray);
                var element = LocalIndex();
                il.Emit(OpCodes.Ldelem_I4);
                return $"numbers[{element}]";
            case 11:
                var wide = Long(levels - 1);
                il.Emit(OpCodes.Conv_I4);
                return $"(int)({wide})";
            case 12:
                var cut = Opaque(Int(levels - 1));
                var (narrow, type) = random.Next(4) switch
                {
                    0 => (OpCodes.Conv_I1, "sbyte"),
                    1 => (OpCodes.Conv_U1, "byte"),
                    2 => (OpCodes.Conv_I2, "short"),
                    _ => (OpCodes.Conv_U2, "ushort"),
                };
                il.Emit(narrow);

                // Back to 32 bits, as C# has it in every operation.
                il.Emit(narrow == OpCodes.Conv_U1 || narrow == OpCodes.Conv_U2 ? OpCodes.Conv_U4 : OpCodes.Conv_I4);
                return $"({type})({cut})";
            case 13:
                return Bits(levels);
            case 14:
                var first = Opaque(Int(levels - 1));
                il.Emit(OpCodes.Conv_U8);
                var second = Opaque(Int(levels - 1));
                il.Emit(OpCodes.Conv_U8);
                il.Emit(OpCodes.Mul);
                il.Emit(OpCodes.Ldc_I4, 32);
                il.Emit(OpCodes.Shr_Un);
                il.Emit(OpCodes.Conv_I4);
                return $"high product({first}, {second})";
            case 15 or 16:
                return Memory.Load(levels - 1);
            default:
                return Operation(() => Int(levels - 1));
        }
    }

    /// <summary>An integer of 64 bits.</summary>
    public string Long(int levels)
    {
        switch (random.Next(levels > 0 ? 9 : 2))
        {
            case 0:
                var variable = random.Next(KernelWriter.Variables);
                il.Emit(OpCodes.Ldloc, kernel.Longs[variable]);
                return $"l{variable}";
            case 1 or 2:
                var narrow = Int(levels - 1);
                var signed = random.Next(2) == 0;
                if (!signed)
                {
                    narrow = Opaque(narrow);
                }

                il.Emit(signed ? OpCodes.Conv_I8 : OpCodes.Conv_U8);
                return $"({(signed ? "long" : "uint, long")})({narrow})";
            case 3:
                return Shift(() => Long(levels - 1), 63);
            case 4:
                return Extreme(typeof(long), typeof(ulong), () => Long(levels - 1));
            case 5:
                return Memory.LoadLong(levels - 1);
            default:
                return Operation(() => Long(levels - 1));
        }
    }

    /// <summary>An index into the inputs: anything, cut to their length.</summary>
    public string Index(int levels)
    {
        if (random.Next(3) == 0)
        {
            var offset = random.Next(300);
            kernel.ThreadPlus(offset);
            return $"thread + {offset}";
        }

        var index = Int(Math.Max(levels, 0));
        il.Emit(OpCodes.Ldc_I4, OracleLaunch.Length - 1);
        il.Emit(OpCodes.And);
        return $"({index}) & {OracleLaunch.Length - 1}";
    }

    /// <summary>An index into a local array: a constant, or anything, cut to its length.</summary>
    public string LocalIndex()
    {
        if (random.Next(2) == 0)
        {
            var constant = random.Next(KernelWriter.LocalLength);
            il.Emit(OpCodes.Ldc_I4, constant);
            return KernelWriter.Number(constant);
        }

        var index = Int(1);
        il.Emit(OpCodes.Ldc_I4, KernelWriter.LocalLength - 1);
        il.Emit(OpCodes.And);
        return $"({index}) & {KernelWriter.LocalLength - 1}";
    }

    /// <summary>Makes the integer of 32 bits or fewer on the stack one that no conversion gave: of two conversions ILGPU's IR builder forgets the second one's signedness.</summary>
    public string Opaque(string number)
    {
        kernel.LoadElement(2, () => kernel.ThreadPlus(0));
        il.Emit(OpCodes.Xor);
        return $"{number} ^ i[thread]";
    }

    /// <summary>A number that all threads of a group have in common, or in kernels that know of warps the lane.</summary>
    private string SameForAll()
    {
        switch (random.Next(4))
        {
            case 0:
                kernel.Property(typeof(Grid), nameof(Grid.DimX));
                return "groups";
            case 1 when kernel.Kind == KernelKind.Warps:
                kernel.Property(typeof(Warp), nameof(Warp.LaneIdx));
                return "lane in warp";
            default:
                il.Emit(OpCodes.Ldarg, (short)5);
                return "n";
        }
    }

    private string Shift(Func<string> operand, int mask)
    {
        var shifted = operand();
        string by;
        if (random.Next(2) == 0)
        {
            var constant = 1 + random.Next(mask);
            il.Emit(OpCodes.Ldc_I4, constant);
            by = KernelWriter.Number(constant);
        }
        else
        {
            by = $"(({Int(0)}) & {mask})";
            il.Emit(OpCodes.Ldc_I4, mask);
            il.Emit(OpCodes.And);
        }

        var (shift, name) = random.Next(3) switch { 0 => (OpCodes.Shl, "<<"), 1 => (OpCodes.Shr, ">>"), _ => (OpCodes.Shr_Un, ">>>") };
        il.Emit(shift);
        return $"(({shifted}) {name} {by})";
    }

    /// <summary>A quotient or remainder by a number between 3 and 9, never a constant: division by powers of two is not .NET's in ILGPU.</summary>
    private string Quotient(int levels)
    {
        var dividend = Int(levels - 1);
        var divisor = Int(0);
        il.Emit(OpCodes.Ldc_I4, 6);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Ldc_I4_3);
        il.Emit(OpCodes.Add);
        var (operation, symbol) = random.Next(4) switch
        {
            0 => (OpCodes.Rem, "%"),
            1 => (OpCodes.Div, "/"),
            2 => (OpCodes.Rem_Un, "% (uint)"),
            _ => (OpCodes.Div_Un, "/ (uint)"),
        };
        il.Emit(operation);
        return $"(({dividend}) {symbol} ((({divisor}) & 6) + 3))";
    }

    private string Extreme(Type signed, Type unsigned, Func<string> operand)
    {
        var first = operand();
        var second = operand();
        var name = random.Next(2) == 0 ? nameof(Math.Min) : nameof(Math.Max);
        var type = random.Next(3) == 0 ? unsigned : signed;
        kernel.Call(typeof(Math), name, type, type);
        return $"{name}<{type.Name}>({first}, {second})";
    }

    private string Operation(Func<string> operand)
    {
        var first = operand();
        if (random.Next(10) == 0)
        {
            var (unary, sign) = random.Next(2) == 0 ? (OpCodes.Neg, "-") : (OpCodes.Not, "~");
            il.Emit(unary);
            return $"{sign}({first})";
        }

        var second = operand();
        var (code, symbol) = random.Next(6) switch
        {
            0 => (OpCodes.Sub, "-"),
            1 => (OpCodes.Mul, "*"),
            2 => (OpCodes.And, "&"),
            3 => (OpCodes.Or, "|"),
            4 => (OpCodes.Xor, "^"),
            _ => (OpCodes.Add, "+"),
        };
        il.Emit(code);
        return $"({first} {symbol} {second})";
    }

    /// <summary>Counts of bits, and the bits of a float that is a number.</summary>
    private string Bits(int levels)
    {
        var value = Int(levels - 1);
        var choice = random.Next(4);
        if (choice == 3)
        {
            il.Emit(OpCodes.Ldc_I4, 0xffff);
            il.Emit(OpCodes.And);
            il.Emit(OpCodes.Conv_R4);
            kernel.Call(typeof(Interop), nameof(Interop.FloatAsInt), typeof(float));
            return $"bits((float)(({value}) & 0xffff))";
        }

        var count = choice switch
        {
            0 => nameof(IntrinsicMath.BitOperations.PopCount),
            1 => nameof(IntrinsicMath.BitOperations.LeadingZeroCount),
            _ => nameof(IntrinsicMath.BitOperations.TrailingZeroCount),
        };
        kernel.Call(typeof(IntrinsicMath.BitOperations), count, typeof(int));
        return $"{count}({value})";
    }
}
