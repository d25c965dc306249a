using System.Reflection.Emit;
using ILGPU;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>
/// Pushes random floats and gives them as text. Constants of floats never appear, nor what could become one: chains of them, and comparisons with them, are
/// among what ILGPU's IR builder changes.
/// </summary>
internal sealed class FloatExpressions
{
    private readonly KernelWriter kernel;
    private readonly IntegerExpressions integers;
    private readonly ILGenerator il;
    private readonly Random random;

    public FloatExpressions(KernelWriter kernel, IntegerExpressions integers)
    {
        this.kernel = kernel;
        this.integers = integers;
        il = kernel.IL;
        random = kernel.Random;
        Halves = new HalfExpressions(kernel, this, integers.Memory);
    }

    /// <summary>Gets what computes in half precision.</summary>
    public HalfExpressions Halves { get; }

    public string Float(int levels)
    {
        switch (random.Next(levels > 0 ? 15 : 4))
        {
            case 0:
                il.Emit(OpCodes.Ldarg, (short)6);
                return "s";
            case 1 or 2 or 3:
                var variable = random.Next(KernelWriter.Variables);
                il.Emit(OpCodes.Ldloc, kernel.Floats[variable]);
                return $"f{variable}";
            case 4:
                var input = random.Next(2);
                var index = string.Empty;
                kernel.LoadElement(input, () => index = integers.Index(levels - 1));
                return $"{(input == 0 ? 'a' : 'b')}[{index}]";
            case 5:
                return FromInteger(levels);
            case 6:
                il.Emit(OpCodes.Ldloc, kernel.FloatArray);
                var local = integers.LocalIndex();
                il.Emit(OpCodes.Ldelem_R4);
                return $"local[{local}]";
            case 7:
                return Function(levels);
            case 8:
                var first = Float(levels - 1);
                var second = Float(levels - 1);
                var name = random.Next(2) == 0 ? nameof(MathF.Min) : nameof(MathF.Max);
                kernel.Call(typeof(MathF), name, typeof(float), typeof(float));
                return $"{name}({first}, {second})";
            case 9:
                return Double(levels);
            case 10:
                return Halves.Float(levels - 1);
            default:
                var a = Float(levels - 1);
                var b = Float(levels - 1);
                var symbol = Operation();
                return $"({a} {symbol} {b})";
        }
    }

    /// <summary>Converts an integer that no optimizer knows: something read from memory is part of it.</summary>
    private string FromInteger(int levels)
    {
        var number = integers.Int(levels - 1);
        kernel.LoadElement(2, () => kernel.ThreadPlus(0));
        il.Emit(OpCodes.Xor);
        switch (random.Next(4))
        {
            case 0:
                il.Emit(OpCodes.Conv_R_Un);
                il.Emit(OpCodes.Conv_R4);
                return $"(float)(uint)({number} ^ i[thread])";
            case 1:
                // Mantissa of a number from 1 to 2.
                il.Emit(OpCodes.Ldc_I4, 0x007fffff);
                il.Emit(OpCodes.And);
                il.Emit(OpCodes.Ldc_I4, 0x3f800000);
                il.Emit(OpCodes.Or);
                kernel.Call(typeof(Interop), nameof(Interop.IntAsFloat), typeof(uint));
                return $"mantissa({number} ^ i[thread])";
            case 2:
                // There and back, in range.
                il.Emit(OpCodes.Ldc_I4, 0xffff);
                il.Emit(OpCodes.And);
                il.Emit(OpCodes.Conv_R4);
                il.Emit(OpCodes.Ldarg, (short)6);
                il.Emit(OpCodes.Mul);
                var signed = random.Next(2) == 0;
                il.Emit(signed ? OpCodes.Conv_I4 : OpCodes.Conv_U4);
                il.Emit(OpCodes.Conv_R4);
                return $"(float)({(signed ? "int" : "uint")})((float)(({number} ^ i[thread]) & 0xffff) * s)";
            default:
                il.Emit(OpCodes.Conv_R4);
                return $"(float)({number} ^ i[thread])";
        }
    }

    private string Function(int levels)
    {
        var operand = Float(levels - 1);
        switch (random.Next(6))
        {
            case 0:
                kernel.Call(typeof(MathF), nameof(MathF.Sqrt), typeof(float));
                return $"sqrt({operand})";
            case 1:
                kernel.Call(typeof(MathF), nameof(MathF.Floor), typeof(float));
                return $"floor({operand})";
            case 2:
                kernel.Call(typeof(MathF), nameof(MathF.Ceiling), typeof(float));
                return $"ceiling({operand})";
            case 3:
                il.Emit(OpCodes.Neg);
                return $"-({operand})";
            case 4:
                var temporary = il.DeclareLocal(typeof(float));
                il.Emit(OpCodes.Stloc, temporary);
                il.Emit(OpCodes.Ldc_R4, 1f);
                il.Emit(OpCodes.Ldloc, temporary);
                il.Emit(OpCodes.Div);
                return $"(1 / {operand})";
            default:
                kernel.Call(typeof(MathF), nameof(MathF.Abs), typeof(float));
                return $"abs({operand})";
        }
    }

    /// <summary>An operation in double precision, cut to single.</summary>
    private string Double(int levels)
    {
        var first = Float(levels - 1);
        il.Emit(OpCodes.Conv_R8);
        var second = Float(levels - 1);
        il.Emit(OpCodes.Conv_R8);
        var symbol = Operation();
        il.Emit(OpCodes.Conv_R4);
        return $"(float)((double){first} {symbol} (double){second})";
    }

    private string Operation()
    {
        var (code, symbol) = random.Next(7) switch
        {
            0 or 1 => (OpCodes.Sub, "-"),
            2 or 3 => (OpCodes.Mul, "*"),
            4 => (OpCodes.Div, "/"),
            _ => (OpCodes.Add, "+"),
        };
        il.Emit(code);
        return symbol;
    }
}
