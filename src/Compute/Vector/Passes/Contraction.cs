using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>
/// Fuses a float multiply whose only use is an add or a subtract of the same block into a multiply-add that rounds once. It looks at the graph alone, so
/// every width, tail and scalar computes the same bits.
/// </summary>
internal static class Contraction
{
    /// <summary>Runs over a function.</summary>
    public static void Run(Function function)
    {
        var uses = new Dictionary<Value, int>();
        foreach (var value in function.Values)
        {
            foreach (var operand in value.Operands) uses[operand] = uses.GetValueOrDefault(operand) + 1;
        }
        foreach (var block in function.Blocks)
        {
            var fused = new HashSet<Value>();
            foreach (var value in block.Instructions)
            {
                if (value.Op is not (Opcode.Add or Opcode.Subtract) || !value.Type.IsFloat()) continue;
                var (left, right) = (value.Operands[0], value.Operands[1]);
                bool IsProduct(Value operand) => operand.Op == Opcode.Multiply && operand.Block == block && uses[operand] == 1;
                if (IsProduct(left))
                {
                    value.Op = value.Op == Opcode.Add ? Opcode.MultiplyAdd : Opcode.MultiplySubtract;
                    value.Operands = [left.Operands[0], left.Operands[1], right];
                    fused.Add(left);
                }
                else if (IsProduct(right))
                {
                    value.Op = value.Op == Opcode.Add ? Opcode.MultiplyAdd : Opcode.NegatedMultiplyAdd;
                    value.Operands = [right.Operands[0], right.Operands[1], left];
                    fused.Add(right);
                }
            }
            block.Instructions.RemoveAll(fused.Contains);
        }
    }
}
