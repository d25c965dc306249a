using System.Reflection;
using System.Reflection.Emit;
using Half = ILGPU.Half;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>Pushes random numbers of half precision, and what becomes of them in single precision, and gives them as text.</summary>
internal sealed class HalfExpressions(KernelWriter kernel, FloatExpressions floats, MemoryCasts memory)
{
    private static readonly string[] Comparisons = ["op_LessThan", "op_LessThanOrEqual", "op_GreaterThan", "op_GreaterThanOrEqual", "op_Equality", "op_Inequality"];

    private readonly ILGenerator il = kernel.IL;
    private readonly Random random = kernel.Random;

    /// <summary>A half as a single.</summary>
    public string Float(int levels)
    {
        var half = Half(levels);
        Convert(typeof(Half), typeof(float));
        return $"(float)({half})";
    }

    /// <summary>Pushes whether a comparison holds.</summary>
    /// <param name="comparison">Less, less or equal, greater, greater or equal, equal, not equal.</param>
    public (string Left, string Right) Compare(int comparison)
    {
        var left = Half(2);
        var right = Half(1);
        kernel.Call(typeof(Half), Comparisons[comparison], typeof(Half), typeof(Half));
        return (left, right);
    }

    private string Half(int levels)
    {
        switch (random.Next(levels > 0 ? 8 : 2))
        {
            case 0:
                return memory.LoadHalf(levels - 1);
            case 1:
                return memory.HalfFromBits(0);
            case 2 or 3:
                var single = floats.Float(levels - 1);
                Convert(typeof(float), typeof(Half));
                return $"(half)({single})";
            case 4:
                var operand = Half(levels - 1);
                var negated = random.Next(2) == 0;
                kernel.Call(typeof(Half), negated ? "op_UnaryNegation" : nameof(ILGPU.Half.Abs), typeof(Half));
                return negated ? $"-({operand})" : $"abs({operand})";
            default:
                var first = Half(levels - 1);
                var second = Half(levels - 1);
                var (method, symbol) = random.Next(4) switch
                {
                    0 => ("op_Subtraction", "-"),
                    1 => ("op_Multiply", "*"),
                    2 => ("op_Division", "/"),
                    _ => ("op_Addition", "+"),
                };
                kernel.Call(typeof(Half), method, typeof(Half), typeof(Half));
                return $"({first} {symbol} {second})";
        }
    }

    private void Convert(Type from, Type to) => il.Emit(
        OpCodes.Call,
        typeof(Half).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Single(method => method.Name is "op_Implicit" or "op_Explicit" && method.ReturnType == to && method.GetParameters()[0].ParameterType == from));
}
