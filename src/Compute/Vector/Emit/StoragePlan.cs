using System.Reflection.Emit;
using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Vector.Emit;

/// <summary>Where a value lives in the emitted method.</summary>
internal sealed class Storage
{
    /// <summary>One scalar (uniform), one a vector (strided), or null where only vectors are needed.</summary>
    public LocalBuilder[]? Scalars { get; set; }

    /// <summary>Vectors: of a varying value itself, of others their image in lanes. Vector v, part p at v * parts + p; null where not needed.</summary>
    public LocalBuilder[]? Vectors { get; set; }
}

/// <summary>
/// Decides which values are computed where they are used, which share a local, and gives all others locals that are reused once their value is dead: the JIT
/// tracks about a thousand locals, and spills everything beyond.
/// </summary>
internal sealed class StoragePlan
{
    private readonly BlockLayout layout;
    private readonly LoopForest forest;
    private readonly ShapeAnalysis shapes;
    private readonly LaneModel lanes;
    private readonly VectorMethods methods;
    private readonly InstructionWriter il;
    private readonly Dictionary<Value, List<Use>> uses = [];
    private readonly Dictionary<Value, int> positions = [];
    private readonly Dictionary<Block, (int Start, int End)> blockPositions = [];
    private readonly HashSet<Value> inlined = [];
    private readonly Dictionary<Value, Value> shared = [];
    private readonly Dictionary<Value, Storage> storage = [];
    private readonly Dictionary<Type, Stack<LocalBuilder>> free = [];
    private readonly PriorityQueue<(LocalBuilder Local, Type Type), int> expiring = new();
    private int end;

    /// <summary>Plans the storage of a function.</summary>
    public StoragePlan(Function function, BlockLayout layout, LoopForest forest, ShapeAnalysis shapes, LaneModel lanes, VectorMethods methods, InstructionWriter il)
    {
        this.layout = layout;
        this.forest = forest;
        this.shapes = shapes;
        this.lanes = lanes;
        this.methods = methods;
        this.il = il;
        Prologue = lanes.LockStep ? [] : FindPrologue(function);
        CollectUses(function);
        NumberPositions(function);
        ChooseInlined(function);
        ChooseShared();
        Allocate(function);
    }

    /// <summary>One use of a value: by an operation, or by the branch at the end of a block.</summary>
    private readonly record struct Use(Value? User, int Operand, Block Block);

    /// <summary>Uniform values that are computed once, before the loop over the group's vectors.</summary>
    public HashSet<Value> Prologue { get; }

    /// <summary>Whether a value is computed at its one use.</summary>
    public bool IsInlined(Value value) => inlined.Contains(value);

    /// <summary>Whether anything reads the value.</summary>
    public bool IsUsed(Value value) => uses.ContainsKey(value);

    /// <summary>Whether the phi's local already holds the value that comes around the loop.</summary>
    public bool SharesLocal(Value value, Value phi) => shared.GetValueOrDefault(value) == phi;

    /// <summary>Where a value lives; null where it is inlined or unused.</summary>
    public Storage? Of(Value value) => storage.GetValueOrDefault(value);

    /// <summary>32-bit values take one vector, 64-bit ones two.</summary>
    public static int Parts(ScalarType type) => type.IsWide() ? 2 : 1;

    /// <summary>Whether an operand is read as vectors, not as a scalar.</summary>
    public bool ReadsVector(Value user, int operand)
    {
        var shape = shapes.Of(user.Operands[operand]);
        switch (user.Op)
        {
            case Opcode.Load:
                return shape.IsVarying;
            case Opcode.Prefetch:
                return false;
            case Opcode.Store:
                bool scalar = shapes.Of(user.Operands[0]).IsUniform && shapes.Of(user.Operands[1]).IsUniform;
                return operand == 0 ? shape.IsVarying : !scalar;
            case Opcode.Atomic or Opcode.AtomicCompareExchange:
                return operand > 0 || shape.IsVarying;
            case Opcode.BarrierPredicate or Opcode.Write:
                return true;
            case Opcode.Assert:
                return operand == 0;
            case Opcode.BroadcastGroup or Opcode.BroadcastWarp:
                return shapes.Of(user).IsVarying ? operand == 0 || !shape.IsUniform : !shape.IsUniform;
            case Opcode.Shuffle:
                return operand == 0 || !shape.IsUniform;
            case Opcode.Phi:
                return shape.IsVarying;
            case Opcode.ShiftLeft or Opcode.ShiftRight or Opcode.ShiftRightUnsigned when operand == 1 && shape.IsUniform:
                return false;
            default:
                return shapes.Of(user).IsVarying;
        }
    }

    private void CollectUses(Function function)
    {
        void Add(Value value, Use use)
        {
            if (value.IsConstant) return;
            if (!uses.TryGetValue(value, out var list)) uses[value] = list = [];
            list.Add(use);
        }
        foreach (var block in function.Blocks)
        {
            foreach (var phi in block.Phis)
            {
                for (int index = 0; index < phi.Operands.Length; index++) Add(phi.Operands[index], new Use(phi, index, block.Predecessors[index]));
            }
            foreach (var value in block.Instructions)
            {
                for (int index = 0; index < value.Operands.Length; index++) Add(value.Operands[index], new Use(value, index, block));
            }
            if (block.Condition is not null) Add(block.Condition, new Use(null, 0, block));
        }
    }

    /// <summary>Pure uniform values that need nothing but each other: what reads a load stays behind it.</summary>
    private HashSet<Value> FindPrologue(Function function)
    {
        var prologue = new HashSet<Value>();
        foreach (var value in function.Entry.Instructions)
        {
            // Uniform in each vector is not the same in all of them: an index along Y may step from one to the next.
            if (value.Op is Opcode.GroupIndex or Opcode.LaneIndex or Opcode.StorageLane) continue;
            if (value.IsPure && shapes.Of(value).IsUniform && value.Operands.All(operand => operand.IsConstant || prologue.Contains(operand)))
                prologue.Add(value);
        }
        return prologue;
    }

    private void NumberPositions(Function function)
    {
        int position = 0;
        foreach (var value in function.Entry.Instructions.Where(Prologue.Contains)) positions[value] = position++;
        foreach (var block in layout.Order)
        {
            int start = position++;
            foreach (var phi in block.Phis) positions[phi] = start;
            foreach (var value in block.Instructions.Where(value => !Prologue.Contains(value))) positions[value] = position++;
            blockPositions[block] = (start, position++);
        }
        end = position;
    }

    /// <summary>Cheap integer arithmetic with one use in its block becomes part of the expression that uses it: the JIT folds it into addresses.</summary>
    private void ChooseInlined(Function function)
    {
        foreach (var block in function.Blocks)
        {
            foreach (var value in block.Instructions)
            {
                if (value.Op is not (Opcode.Add or Opcode.Subtract or Opcode.Multiply or Opcode.SignExtend or Opcode.ZeroExtend or Opcode.Truncate or
                    Opcode.And or Opcode.Or or Opcode.Xor or Opcode.Compare or Opcode.ShiftRight or Opcode.ShiftRightUnsigned)) continue;
                if (value.Type.IsFloat() || shapes.Of(value) is not { IsVarying: false } shape || (lanes.Vectors > 1 && shape.IsUniform)) continue;
                if (!uses.TryGetValue(value, out var list) || list.Count != 1) continue;
                var use = list[0];
                if (use.Block != block || use.User?.Op == Opcode.Phi) continue;
                if (use.User is null ? shapes.IsDivergentBranch(block) : ReadsVector(use.User, use.Operand)) continue;
                if (Prologue.Contains(value) && (use.User is null || !Prologue.Contains(use.User))) continue;
                inlined.Add(value);
            }
        }
    }

    /// <summary>Position where a use takes place: of inlined users, where they are computed.</summary>
    private int PositionOf(Use use)
    {
        if (use.User is null || use.User.Op == Opcode.Phi) return blockPositions[use.Block].End;
        return inlined.Contains(use.User) ? PositionOf(uses[use.User][0]) : positions[use.User];
    }

    /// <summary>A value that comes around a loop is written straight into its phi's local where the phi's old value is dead by then.</summary>
    private void ChooseShared()
    {
        foreach (var loop in forest.Loops)
        {
            int back = loop.Header.Predecessors.IndexOf(loop.Latches[0]);
            foreach (var phi in loop.Header.Phis)
            {
                var next = phi.Operands[back];
                if (next.IsConstant || next.Op == Opcode.Phi || loop.IsInvariant(next) || inlined.Contains(next) || shared.ContainsKey(next)) continue;
                if (forest.Of(next.Block!) != loop || shapes.Of(next) != shapes.Of(phi) || Prologue.Contains(next)) continue;
                int defined = positions[next];
                // Only where vector v of the result depends on no other vectors of the operands may it replace one of them.
                if (lanes.Vectors > 1 && !next.IsPure) continue;
                if (uses.GetValueOrDefault(phi, []).All(use => PositionOf(use) <= defined)) shared[next] = phi;
            }
        }
    }

    private int LastUse(Value value, bool vectorsOnly)
    {
        int last = -1;
        foreach (var use in uses.GetValueOrDefault(value, []))
        {
            if (vectorsOnly && (use.User is null ? !shapes.IsDivergentBranch(use.Block) : !ReadsVector(use.User, use.Operand))) continue;
            int position = PositionOf(use);
            // In a loop that does not hold the definition, the value must live until the loop ends.
            for (var loop = forest.Of(use.Block); loop is not null; loop = loop.Parent)
            {
                if (value.Block is not null && loop.Blocks.Contains(value.Block)) break;
                position = Math.Max(position, LoopEnd(loop));
            }
            last = Math.Max(last, position);
        }
        return Prologue.Contains(value) && last >= 0 ? end : last;
    }

    private int LoopEnd(Loop loop) => blockPositions[layout.Order[layout.End(loop)]].End;

    private (int Start, int End) RangeOf(Value value)
    {
        int start = positions[value];
        int last = LastUse(value, false);
        if (value.Op != Opcode.Phi) return (start, Math.Max(last, start));
        var block = value.Block!;
        for (int index = 0; index < value.Operands.Length; index++)
        {
            var predecessor = block.Predecessors[index];
            start = Math.Min(start, blockPositions[predecessor].End);
            last = Math.Max(last, blockPositions[predecessor].End);
            for (var loop = forest.Of(predecessor); loop is not null && !loop.Blocks.Contains(block); loop = loop.Parent)
                start = Math.Min(start, blockPositions[loop.Header].Start);
        }
        if (forest.Of(block) is { } own && own.Header == block) last = Math.Max(last, LoopEnd(own));
        return (start, last);
    }

    private void Allocate(Function function)
    {
        var sharers = shared.ToLookup(pair => pair.Value, pair => pair.Key);
        var requests = new List<(Value Value, int Start, int End)>();
        foreach (var value in function.Values)
        {
            if (value.Type == ScalarType.Void || inlined.Contains(value) || shared.ContainsKey(value) || !uses.ContainsKey(value)) continue;
            var (start, last) = RangeOf(value);
            foreach (var sharer in sharers[value]) last = Math.Max(last, LastUse(sharer, false));
            requests.Add((value, start, last));
        }
        foreach (var (value, start, last) in requests.OrderBy(request => request.Start))
        {
            while (expiring.TryPeek(out var old, out int expiry) && expiry < start)
            {
                expiring.Dequeue();
                FreeOf(old.Type).Push(old.Local);
            }
            var shape = shapes.Of(value);
            var element = VectorMethods.Element(value.Type);
            var place = storage[value] = new Storage();
            if (!shape.IsVarying && HasUse(value, false)) place.Scalars = Take(ScalarTypeOf(value.Type), shape.IsUniform ? 1 : lanes.Vectors, last);
            if (shape.IsVarying || HasUse(value, true)) place.Vectors = Take(methods.Vector(element), lanes.Vectors * Parts(value.Type), last);
        }
        foreach (var (value, phi) in shared)
        {
            if (storage.TryGetValue(phi, out var place)) storage[value] = place;
        }
    }

    /// <summary>Whether anyone reads the value as vectors, or as a scalar; a phi's own scalar is always there, since edges write it.</summary>
    private bool HasUse(Value value, bool asVector) =>
        uses[value].Any(use => asVector == (use.User is null ? shapes.IsDivergentBranch(use.Block) : ReadsVector(use.User, use.Operand))) ||
        (!asVector && (value.Op == Opcode.Phi || shared.ContainsKey(value))) ||
        (shared.Any(pair => pair.Value == value && HasUse(pair.Key, asVector)));

    private LocalBuilder[] Take(Type type, int count, int expiry)
    {
        var pool = FreeOf(type);
        var taken = new LocalBuilder[count];
        for (int index = 0; index < count; index++)
        {
            taken[index] = pool.TryPop(out var local) ? local : il.DeclareLocal(type);
            expiring.Enqueue((taken[index], type), expiry);
        }
        return taken;
    }

    private Stack<LocalBuilder> FreeOf(Type type)
    {
        if (!free.TryGetValue(type, out var pool)) free[type] = pool = [];
        return pool;
    }

    /// <summary>CLR type of a scalar local.</summary>
    public static Type ScalarTypeOf(ScalarType type) => VectorMethods.Element(type);
}
