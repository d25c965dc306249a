using System.Globalization;
using System.Text;

namespace Engine.Compute.Vector.IR;

/// <summary>The text form of a function: what tests compare and <c>dump-kernel</c> shows.</summary>
internal static class FunctionPrinter
{
    /// <summary>Prints a whole function; numbers blocks and values anew.</summary>
    public static string Print(Function function, Func<Value, string>? annotate = null)
    {
        function.Renumber();
        var text = new StringBuilder();
        text.AppendLine($"kernel {function.Name}");
        for (int index = 0; index < function.SharedArrays.Count; index++)
            text.AppendLine($"  shared {index}: {function.SharedArrays[index].Bytes} bytes");
        for (int index = 0; index < function.LocalArrays.Count; index++)
            text.AppendLine($"  local {index}: {function.LocalArrays[index].Bytes} bytes");
        foreach (var block in function.Blocks)
        {
            text.AppendLine($"{block}:{(block.Predecessors.Count == 0 ? "" : " ; from " + string.Join(", ", block.Predecessors))}");
            foreach (var value in block.Phis.Concat(block.Instructions))
                text.AppendLine($"  {Describe(value)}{(annotate is null ? "" : "  ; " + annotate(value))}");
            text.AppendLine($"  {DescribeTerminator(block)}");
        }
        return text.ToString();
    }

    /// <summary>One operation as a line.</summary>
    public static string Describe(Value value)
    {
        if (value.IsConstant) return Name(value);
        var operands = value.Op == Opcode.Phi
            ? value.Operands.Select((operand, index) => $"{value.Block!.Predecessors[index]}: {Name(operand)}")
            : value.Operands.Select(Name);
        string immediate = value.Op switch
        {
            Opcode.Compare => $".{((Comparison)(value.Immediate & 7)).ToString().ToLowerInvariant()}{((value.Immediate & 8) != 0 ? "U" : "")}",
            Opcode.Math => $".{(MathFunction)value.Immediate}",
            Opcode.Atomic => $".{(AtomicOperation)value.Kind}",
            Opcode.Shuffle => $".{(ShuffleMode)value.Immediate}",
            Opcode.BarrierPredicate => $".{(GroupPredicate)value.Immediate}",
            _ => "",
        };
        string offset = value.Op is Opcode.Load or Opcode.Store or Opcode.Prefetch or Opcode.Atomic or Opcode.AtomicCompareExchange
            ? value.Immediate == 0 ? "" : $" + {value.Immediate}"
            : value.Op <= Opcode.StorageLane ? $" {value.Immediate}" : "";
        string result = value.Type == ScalarType.Void ? "" : $"{Name(value)} = ";
        string type = value.Type == ScalarType.Void ? "" : $" {value.Type.Name()}";
        return $"{result}{value.Op.ToString().ToLowerInvariant()}{immediate}{type} {string.Join(", ", operands)}{offset}".TrimEnd();
    }

    /// <summary>The end of a block as a line.</summary>
    public static string DescribeTerminator(Block block) => block.Terminator switch
    {
        TerminatorKind.Return => "return",
        TerminatorKind.Jump => $"jump {block.Target}",
        _ => $"branch {Name(block.Condition!)}, {block.Target}, {block.Otherwise}",
    };

    private static string Name(Value value)
    {
        if (!value.IsConstant) return $"%{value.Id}";
        return value.Type.IsFloat()
            ? value.FloatValue.ToString("R", CultureInfo.InvariantCulture) + "f"
            : value.Immediate.ToString(CultureInfo.InvariantCulture);
    }
}
