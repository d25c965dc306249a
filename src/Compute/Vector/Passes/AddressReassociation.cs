using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>
/// Rewrites the address of every memory access as a sum of products in one order: what changes in outer loops first, in inner loops later, the constant
/// last, as the access's displacement. Common parts then become common subexpressions, and invariant ones leave the loops. Assumes, as documented, that
/// 32-bit index arithmetic does not overflow.
/// </summary>
internal sealed class AddressReassociation
{
    private readonly Function function;
    private readonly LoopForest forest;
    private readonly Dictionary<Value, Polynomial> polynomials = [];
    private readonly Dictionary<Value, int> definitionOrder = [];

    private AddressReassociation(Function function, LoopForest forest)
    {
        this.function = function;
        this.forest = forest;
    }

    /// <summary>A product of atoms, in order of definition; the empty product is the constant.</summary>
    private sealed class Polynomial
    {
        public List<(Value[] Atoms, long Coefficient)> Terms { get; init; } = [];

        public static Polynomial Atom(Value value) => new() { Terms = [([value], 1)] };

        public static Polynomial Constant(long number) => new() { Terms = number == 0 ? [] : [([], number)] };

        public Polynomial Plus(Polynomial other, long factor)
        {
            var sum = new List<(Value[] Atoms, long Coefficient)>(Terms);
            foreach (var (atoms, coefficient) in other.Terms)
            {
                int index = sum.FindIndex(term => term.Atoms.AsSpan().SequenceEqual(atoms));
                if (index < 0) sum.Add((atoms, coefficient * factor));
                else sum[index] = (atoms, sum[index].Coefficient + coefficient * factor);
            }
            sum.RemoveAll(term => term.Coefficient == 0);
            return new Polynomial { Terms = sum };
        }

        public Polynomial Times(Polynomial other, Func<Value, int> order)
        {
            var product = new Polynomial();
            foreach (var (atoms, coefficient) in Terms)
            {
                foreach (var (otherAtoms, otherCoefficient) in other.Terms)
                {
                    Value[] all = [.. atoms.Concat(otherAtoms).OrderBy(order)];
                    product = product.Plus(new Polynomial { Terms = [(all, coefficient * otherCoefficient)] }, 1);
                }
            }
            return product;
        }
    }

    /// <summary>Runs over a normalized function.</summary>
    public static void Run(Function function, LoopForest forest) => new AddressReassociation(function, forest).Run();

    private void Run()
    {
        int order = 0;
        foreach (var value in function.Values) definitionOrder[value] = order++;
        foreach (var block in function.Blocks)
        {
            var rewritten = new List<Value>(block.Instructions.Count);
            foreach (var value in block.Instructions)
            {
                if (value.Op is Opcode.Load or Opcode.Store or Opcode.Atomic or Opcode.AtomicCompareExchange)
                {
                    var polynomial = Of(value.Operands[0]);
                    if (polynomial.Terms.Count > 0 && polynomial.Terms.Any(term => term.Atoms.Length > 0)) Rebuild(value, polynomial, block, rewritten);
                }
                rewritten.Add(value);
            }
            block.Instructions = rewritten;
        }
    }

    private int Order(Value value) => definitionOrder[value];

    private Polynomial Of(Value value)
    {
        if (value.IsConstant) return Polynomial.Constant(value.Immediate);
        if (polynomials.TryGetValue(value, out var known)) return known;
        var operands = value.Operands;
        var result = value.Op switch
        {
            Opcode.Add => Of(operands[0]).Plus(Of(operands[1]), 1),
            Opcode.Subtract => Of(operands[0]).Plus(Of(operands[1]), -1),
            Opcode.Negate => new Polynomial().Plus(Of(operands[0]), -1),
            Opcode.Multiply => Product(value),
            Opcode.SignExtend when operands[0].Type == ScalarType.I32 => Of(operands[0]),
            _ => Polynomial.Atom(value),
        };
        if (result.Terms.Count > 12) result = Polynomial.Atom(value);
        return polynomials[value] = result;
    }

    private Polynomial Product(Value value)
    {
        var (left, right) = (Of(value.Operands[0]), Of(value.Operands[1]));
        return left.Terms.Count * right.Terms.Count > 6 ? Polynomial.Atom(value) : left.Times(right, Order);
    }

    private int Depth(Value atom) => atom.Block is null ? 0 : forest.Depth(atom.Block);

    private void Rebuild(Value access, Polynomial polynomial, Block block, List<Value> into)
    {
        long displacement = polynomial.Terms.Where(term => term.Atoms.Length == 0).Sum(term => term.Coefficient);
        long total = access.Immediate + displacement;
        if (total is < int.MinValue or > int.MaxValue) return;
        var terms = polynomial.Terms
            .Where(term => term.Atoms.Length > 0)
            .OrderBy(term => term.Atoms.Max(Depth))
            .ThenBy(term => term.Atoms.Max(Order))
            .ThenBy(term => term.Coefficient)
            .ToList();
        Value Emit(Opcode op, params Value[] operands)
        {
            var value = new Value(op, ScalarType.I64, operands) { Block = block };
            into.Add(value);
            return value;
        }
        Value? sum = null;
        foreach (var (atoms, coefficient) in terms)
        {
            Value? product = null;
            foreach (var atom in atoms)
            {
                var wide = atom.Type == ScalarType.I32 ? Emit(Opcode.SignExtend, atom) : atom;
                product = product is null ? wide : Emit(Opcode.Multiply, product, wide);
            }
            if (coefficient != 1) product = Emit(Opcode.Multiply, product!, function.Constant(ScalarType.I64, coefficient));
            sum = sum is null ? product : Emit(Opcode.Add, sum, product!);
        }
        access.Operands[0] = sum!;
        access.Immediate = total;
    }
}
