using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Checked;

/// <summary>
/// Follows the results of integer divisions by zero to where they matter: a store, an address, a branch, a meeting. Beside every value that may depend on
/// such a result stands a truth value that says whether it does, as in Valgrind's Memcheck; where it would be used, an assertion says that it does not.
/// A result that a selection passes over matters to nobody: ILGPU hoists guarded divisions out of their guards.
/// </summary>
internal static class DivisionPoison
{
    /// <summary>Runs over a numbered function.</summary>
    public static void Run(Function function)
    {
        var tainted = FindTainted(function);
        if (tainted.Count == 0) return;
        new Instrumentation(function, tainted).Run();
    }

    /// <summary>Values that may depend on a division by zero, each with the division.</summary>
    private static Dictionary<Value, Value> FindTainted(Function function)
    {
        var tainted = new Dictionary<Value, Value>();
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var value in function.Values)
            {
                if (tainted.ContainsKey(value)) continue;
                if (MayDivideByZero(value))
                {
                    tainted[value] = value;
                    changed = true;
                }
                else if (value.Op == Opcode.Phi || value.IsPure)
                {
                    if (value.Operands.FirstOrDefault(tainted.ContainsKey) is not { } source) continue;
                    tainted[value] = tainted[source];
                    changed = true;
                }
            }
        }
        return tainted;
    }

    private static bool MayDivideByZero(Value value) =>
        value.Op is Opcode.Divide or Opcode.DivideUnsigned or Opcode.Remainder or Opcode.RemainderUnsigned && !value.Type.IsFloat()
        && !(value.Operands[1].IsConstant && value.Operands[1].Immediate != 0);

    private sealed class Instrumentation(Function function, Dictionary<Value, Value> tainted)
    {
        private readonly Dictionary<Value, Value> poison = [];
        private List<Value> rewritten = [];
        private Block block = function.Entry;

        public void Run()
        {
            foreach (var each in function.Blocks)
            {
                foreach (var phi in each.Phis.Where(tainted.ContainsKey).ToList()) poison[phi] = each.AddPhi(ScalarType.Bool);
            }
            foreach (var each in function.Blocks)
            {
                block = each;
                rewritten = [];
                foreach (var value in each.Instructions)
                {
                    // What is stored, where, and what other threads get.
                    if (!value.IsPure) Require(value.Operands);
                    rewritten.Add(value);
                    if (tainted.ContainsKey(value)) poison[value] = PoisonOf(value);
                }
                if (each.Condition is not null) Require([each.Condition]);
                each.Instructions = rewritten;
            }
            foreach (var (phi, of) in poison.Where(entry => entry.Key.Op == Opcode.Phi)) of.Operands = [.. phi.Operands.Select(Of)];
            function.Renumber();
        }

        private Value PoisonOf(Value value)
        {
            var operands = value.Operands;
            if (MayDivideByZero(value))
            {
                var byZero = Emit(Opcode.Compare, (long)Comparison.Equal, operands[1], function.Constant(operands[1].Type, 0L));
                return Or(byZero, Or(Of(operands[0]), Of(operands[1])));
            }
            if (value.Op == Opcode.Select) return Or(Of(operands[0]), Emit(Opcode.Select, 0, operands[0], Of(operands[1]), Of(operands[2])));
            if (value.Op is Opcode.And or Opcode.Or && value.Type == ScalarType.Bool)
            {
                // Beside a false operand of "and", beside a true one of "or", the other does not matter.
                var (left, right) = (Of(operands[0]), Of(operands[1]));
                return Or(And(left, Or(right, Open(value.Op, operands[1]))), And(right, Open(value.Op, operands[0])));
            }
            return operands.Select(Of).Aggregate(Or);
        }

        private Value Open(Opcode op, Value operand) => op == Opcode.And ? operand : Emit(Opcode.Xor, 0, operand, function.Constant(ScalarType.Bool, 1L));

        private void Require(IEnumerable<Value> used)
        {
            foreach (var value in used.Where(tainted.ContainsKey))
            {
                function.Assertions.Add(new Assertion(KernelFaultKind.DivisionByZero, "integer division by zero"));
                var isSound = Emit(Opcode.Xor, 0, Of(value), function.Constant(ScalarType.Bool, 1L));
                rewritten.Add(new Value(Opcode.Assert, ScalarType.Void, [isSound], function.Assertions.Count - 1) { Block = block, Source = tainted[value].Source });
            }
        }

        private Value Of(Value value) => poison.GetValueOrDefault(value) ?? function.Constant(ScalarType.Bool, 0L);

        private Value Or(Value left, Value right) => left.IsInteger(0) ? right : right.IsInteger(0) ? left : Emit(Opcode.Or, 0, left, right);

        private Value And(Value left, Value right) => left.IsInteger(0) || right.IsInteger(0) ? function.Constant(ScalarType.Bool, 0L) : Emit(Opcode.And, 0, left, right);

        private Value Emit(Opcode op, long immediate, params Value[] operands)
        {
            var value = new Value(op, ScalarType.Bool, operands, immediate) { Block = block };
            rewritten.Add(value);
            return value;
        }
    }
}
