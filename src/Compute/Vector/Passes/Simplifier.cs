using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>
/// Local rewriting: constants, identities of integers, branches on constants, straight chains of blocks. Floats are touched only where the result has
/// the same bits.
/// </summary>
internal sealed class Simplifier(Function function)
{
    private readonly Dictionary<Value, Value> replacements = [];

    /// <summary>Runs until nothing changes. The function stays numbered.</summary>
    public static void Run(Function function)
    {
        for (bool changed = true; changed;)
        {
            var simplifier = new Simplifier(function);
            changed = simplifier.RewriteValues();
            changed |= simplifier.RewriteBranches();
            changed |= MergeChains(function);
            function.Renumber();
        }
    }

    private Value Resolve(Value value)
    {
        while (replacements.TryGetValue(value, out var next)) value = next;
        return value;
    }

    private bool RewriteValues()
    {
        foreach (var block in function.Blocks)
        {
            foreach (var value in block.Phis.Concat(block.Instructions))
            {
                for (int index = 0; index < value.Operands.Length; index++) value.Operands[index] = Resolve(value.Operands[index]);
                if (Simplify(value) is { } simpler && simpler != value) replacements[value] = simpler;
            }
        }
        function.Replace(replacements);
        foreach (var block in function.Blocks)
        {
            block.Phis.RemoveAll(replacements.ContainsKey);
            block.Instructions.RemoveAll(replacements.ContainsKey);
        }
        return replacements.Count > 0;
    }

    private Value? Simplify(Value value)
    {
        var operands = value.Operands;
        if (value.Op == Opcode.Phi) return SimplifyPhi(value);
        if (operands.Length is > 0 and <= 3 && operands.All(operand => operand.IsConstant) && value.IsPure)
        {
            var bits = operands.Select(operand => operand.Immediate).ToArray();
            if (ConstantFolding.Evaluate(value, bits) is { } result) return function.Constant(value.Type, result);
        }
        if (IsCommutative(value.Op) && operands[0].IsConstant && !operands[1].IsConstant)
            (operands[0], operands[1]) = (operands[1], operands[0]);
        return value.Op switch
        {
            Opcode.Select => operands[0].IsConstant ? operands[operands[0].Immediate != 0 ? 1 : 2] : operands[1] == operands[2] ? operands[1] : null,
            Opcode.Compare when operands[0] == operands[1] && !operands[0].Type.IsFloat() => function.Constant(ScalarType.Bool, ReflexiveResult(value)),
            Opcode.Xor when value.Type == ScalarType.Bool && operands[1].IsInteger(1) => Invert(value, operands[0]),
            Opcode.Multiply when value.Type.IsFloat() => operands[1].IsConstant && operands[1].FloatValue == 1 ? operands[0] : null,
            _ when value.Type.IsFloat() => null,
            Opcode.Truncate when value.Type == ScalarType.I32 && HighProduct(operands[0]) is { } factors => MakeHighProduct(value, factors.Left, factors.Right),
            Opcode.Truncate when operands[0].Op is Opcode.SignExtend or Opcode.ZeroExtend && operands[0].Operands[0].Type == value.Type => operands[0].Operands[0],
            _ => operands.Length == 2 && operands[1].IsConstant ? IntegerIdentity(value, operands[0], operands[1]) : null,
        };
    }

    /// <summary>The factors of (a * b) >> 32, both unsigned 32-bit integers in 64 bits: how C# writes the high half of a product.</summary>
    private (Value Left, Value Right)? HighProduct(Value shifted)
    {
        if (shifted.Op is not (Opcode.ShiftRightUnsigned or Opcode.ShiftRight) || !shifted.Operands[1].IsInteger(32)) return null;
        if (shifted.Operands[0] is not { Op: Opcode.Multiply } product) return null;
        // A signed shift differs in the bits above the 32 that are kept, so both serve.
        return Factor(product.Operands[0]) is { } left && Factor(product.Operands[1]) is { } right ? (left, right) : null;
    }

    private Value? Factor(Value wide)
    {
        if (wide.Op == Opcode.ZeroExtend && wide.Operands[0].Type == ScalarType.I32) return wide.Operands[0];
        return wide.IsConstant && wide.Immediate is >= 0 and <= uint.MaxValue ? function.Constant(ScalarType.I32, wide.Immediate) : null;
    }

    private static Value? MakeHighProduct(Value value, Value left, Value right)
    {
        value.Op = Opcode.MultiplyHighUnsigned;
        value.Operands = [left, right];
        return null;
    }

    private Value? IntegerIdentity(Value value, Value left, Value constant)
    {
        long number = constant.Immediate;
        switch (value.Op)
        {
            case Opcode.Add or Opcode.Subtract or Opcode.Or or Opcode.Xor or Opcode.ShiftLeft or Opcode.ShiftRight or Opcode.ShiftRightUnsigned when number == 0:
                return left;
            case Opcode.Multiply or Opcode.Divide or Opcode.DivideUnsigned when number == 1:
                return left;
            case Opcode.Multiply or Opcode.And when number == 0:
                return constant;
            case Opcode.Add when left.Op == Opcode.Add && left.Operands[1].IsConstant:
                value.Operands = [left.Operands[0], function.Constant(value.Type, number + left.Operands[1].Immediate)];
                return null;
            case Opcode.Subtract:
                value.Op = Opcode.Add;
                value.Operands = [left, function.Constant(value.Type, -number)];
                return null;
            case Opcode.ShiftLeft when value.Type is ScalarType.I32 or ScalarType.I64:
                value.Op = Opcode.Multiply;
                int count = (int)number & (value.Type == ScalarType.I64 ? 63 : 31);
                value.Operands = [left, function.Constant(value.Type, 1L << count)];
                return null;
            default:
                return null;
        }
    }

    private Value? SimplifyPhi(Value phi)
    {
        Value? only = null;
        foreach (var operand in phi.Operands)
        {
            var resolved = Resolve(operand);
            if (resolved == phi || resolved == only) continue;
            if (only is not null) return null;
            only = resolved;
        }
        return only;
    }

    private static Value? Invert(Value value, Value condition)
    {
        if (condition.Op == Opcode.Xor && condition.Operands[1].IsInteger(1)) return condition.Operands[0];
        if (condition.Op != Opcode.Compare) return null;
        var comparison = (Comparison)condition.Immediate;
        var flag = comparison & Comparison.UnsignedFlag;
        var inverse = (comparison & ~Comparison.UnsignedFlag) switch
        {
            Comparison.Equal => Comparison.NotEqual,
            Comparison.NotEqual => Comparison.Equal,
            Comparison.Less => Comparison.GreaterOrEqual,
            Comparison.LessOrEqual => Comparison.Greater,
            Comparison.Greater => Comparison.LessOrEqual,
            _ => Comparison.Less,
        };
        if (condition.Operands[0].Type.IsFloat())
        {
            // What is false for NaN becomes true for it; equality and inequality already differ there, "equal or unordered" has no plain inverse.
            if ((comparison & ~Comparison.UnsignedFlag) <= Comparison.NotEqual)
            {
                if (flag != 0) return null;
            }
            else
            {
                flag ^= Comparison.UnsignedFlag;
            }
        }
        value.Op = Opcode.Compare;
        value.Immediate = (long)(inverse | flag);
        value.Operands = [.. condition.Operands];
        return null;
    }

    private static long ReflexiveResult(Value compare) =>
        ((Comparison)compare.Immediate & ~Comparison.UnsignedFlag) is Comparison.Equal or Comparison.LessOrEqual or Comparison.GreaterOrEqual ? 1 : 0;

    private static bool IsCommutative(Opcode op) => op is Opcode.Add or Opcode.Multiply or Opcode.And or Opcode.Or or Opcode.Xor;

    private bool RewriteBranches()
    {
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            if (block.Terminator != TerminatorKind.Branch) continue;
            if (block.Condition!.IsConstant)
            {
                block.FoldBranch(block.Condition.Immediate != 0 ? block.Target! : block.Otherwise!);
                changed = true;
            }
        }
        return changed;
    }

    /// <summary>Joins a block with the only block that leads to it.</summary>
    private static bool MergeChains(Function function)
    {
        function.Renumber();
        bool changed = false;
        foreach (var block in function.Blocks)
        {
            while (block.Terminator == TerminatorKind.Jump && block.Target is { Predecessors.Count: 1 } next && next != block && next != function.Entry)
            {
                var merged = next.Phis.ToDictionary(phi => phi, phi => phi.Operands[0]);
                next.Phis.Clear();
                foreach (var value in next.Instructions) block.Append(value);
                next.Instructions = [];
                next.Predecessors.Clear();
                block.TakeTerminator(next);
                function.Replace(merged);
                changed = true;
            }
        }
        return changed;
    }
}
