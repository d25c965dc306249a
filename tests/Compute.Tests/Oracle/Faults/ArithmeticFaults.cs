using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>Faults in operations on values.</summary>
internal static class ArithmeticFaults
{
    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        new("a shift of unsigned integers is a signed one", function => function.Exchange(Opcode.ShiftRightUnsigned, Opcode.ShiftRight), "UnsignedIntegers"),
        new("unsigned integers are divided as signed ones", function => function.Exchange(Opcode.DivideUnsigned, Opcode.Divide), "UnsignedIntegers"),
        new("a comparison has the wrong signedness", CompareSigned, "UnsignedIntegers"),
        new("a negated comparison of floats forgets NaN", ForgetUnordered, "NotANumber"),
        new("an integer is extended by its sign instead of zeros", function => function.Exchange(Opcode.ZeroExtend, Opcode.SignExtend), "Bytes"),
        new("a division is a multiplication by a reciprocal", DivideByReciprocal, "FloatOperations"),
        new("a minimum of floats has swapped NaN behaviour", SelectMinimum, "MinimumOfNotANumber"),
        new("multiplies and adds are contracted though contraction is off", Contract, "Tail", "NestedBranches"),
    ];

    private static int CompareSigned(Function function) => function.Change(comparison =>
    {
        if (comparison.Op != Opcode.Compare || !comparison.Operands[0].Type.IsInteger() || (comparison.Immediate & (long)Comparison.UnsignedFlag) == 0)
        {
            return false;
        }

        comparison.Immediate ^= (long)Comparison.UnsignedFlag;
        return true;
    });

    private static int ForgetUnordered(Function function) => function.Change(comparison =>
    {
        if (comparison.Op != Opcode.Compare || !comparison.Operands[0].Type.IsFloat() || (comparison.Immediate & (long)Comparison.UnsignedFlag) == 0)
        {
            return false;
        }

        comparison.Immediate ^= (long)Comparison.UnsignedFlag;
        return true;
    });

    private static int DivideByReciprocal(Function function) => function.Change(division =>
    {
        if (division.Op != Opcode.Divide || division.Type != ScalarType.F32)
        {
            return false;
        }

        var place = division.Block!.Instructions.IndexOf(division);
        var reciprocal = new Value(Opcode.Reciprocal, ScalarType.F32, [division.Operands[1]]) { Block = division.Block };
        division.Block.Instructions.Insert(place, reciprocal);
        division.Op = Opcode.Multiply;
        division.Operands = [division.Operands[0], reciprocal];
        return true;
    });

    /// <summary>Makes minima what x86's instruction gives: the second operand where one is no number.</summary>
    private static int SelectMinimum(Function function) => function.Change(minimum =>
    {
        if (minimum.Op != Opcode.Minimum || minimum.Type != ScalarType.F32)
        {
            return false;
        }

        var place = minimum.Block!.Instructions.IndexOf(minimum);
        var less = new Value(Opcode.Compare, ScalarType.Bool, [.. minimum.Operands], (long)Comparison.Less) { Block = minimum.Block };
        minimum.Block.Instructions.Insert(place, less);
        minimum.Op = Opcode.Select;
        minimum.Operands = [less, .. minimum.Operands];
        return true;
    });

    private static int Contract(Function function)
    {
        Contraction.Run(function);
        return function.Values.Count(value => value.Op is Opcode.MultiplyAdd or Opcode.MultiplySubtract or Opcode.NegatedMultiplyAdd);
    }
}
