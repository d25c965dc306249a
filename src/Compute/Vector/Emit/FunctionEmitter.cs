using System.Reflection;
using System.Reflection.Emit;
using System.Text;
using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Vector.Emit;

/// <summary>Runs threads laneFrom to laneTo of one group (in lock step: all of them).</summary>
internal unsafe delegate void GroupBody(byte* arguments, LaunchInfo* launch, int gridX, int gridY, int gridZ, byte* scratch, int laneFrom, int laneTo);

/// <summary>
/// Emits a function as one .NET method. Blocks come in layout order. Where all lanes are active, branches are branches; in a divergent region
/// every block has a mask, runs if any lane of it is set, and hands its lanes on to its successors' masks; a masked loop repeats while its
/// header's mask holds a lane. A region's masks are cleared where it is entered, and each when its block takes it, so that a loop finds them clear.
/// </summary>
internal sealed class FunctionEmitter
{
    private readonly Function function;
    private readonly LoopForest forest;
    private readonly BlockLayout layout;
    private readonly LaneModel lanes;
    private readonly ShapeAnalysis shapes;
    private readonly DynamicMethod method;
    private readonly InstructionWriter il;
    private readonly VectorMethods methods;
    private readonly StoragePlan storage;
    private readonly EmissionContext context;
    private readonly ValueEmitter values;
    private readonly Dictionary<Block, Label> labels = [];
    private readonly Dictionary<Loop, Label> loopEnds = [];
    private readonly Dictionary<Block, LocalBuilder[]> masks = [];
    private readonly LocalBuilder[] current;
    private readonly LocalBuilder[] taken;
    private readonly LocalBuilder[] notTaken;
    private readonly LocalBuilder[]? entryMask;
    private readonly Label next;

    private FunctionEmitter(
        Function function, LoopForest forest, BlockLayout layout, LaneModel lanes, ShapeAnalysis shapes, VectorMethods methods, ScratchLayout scratch, bool masked,
        StringBuilder? listing, Func<ILGenerator, InstructionWriter>? writer)
    {
        this.function = function;
        this.forest = forest;
        this.layout = layout;
        this.lanes = lanes;
        this.shapes = shapes;
        this.methods = methods;
        method = new DynamicMethod(
            $"{function.Name}{(masked ? " (masked)" : "")}", typeof(void),
            [typeof(byte*), typeof(LaunchInfo*), typeof(int), typeof(int), typeof(int), typeof(byte*), typeof(int), typeof(int)],
            typeof(FunctionEmitter).Module, skipVisibility: true)
        {
            InitLocals = false,
        };
        var generator = method.GetILGenerator();
        il = writer is null ? new InstructionWriter(generator, listing) : writer(generator);
        storage = new StoragePlan(function, layout, forest, shapes, lanes, methods, il);
        context = new EmissionContext(il, methods, lanes, shapes, storage);
        values = new ValueEmitter(context, function, scratch);
        next = il.DefineLabel();
        foreach (var block in layout.Order)
        {
            labels[block] = il.DefineLabel();
            if (shapes.IsMasked(block)) masks[block] = MaskLocals();
        }
        foreach (var loop in forest.Loops.Where(loop => shapes.IsMasked(loop.Header))) loopEnds[loop] = il.DefineLabel();
        current = MaskLocals();
        taken = MaskLocals();
        notTaken = MaskLocals();
        entryMask = masked ? MaskLocals() : null;
    }

    /// <summary>Emits the body for whole vectors, or with a mask for the lanes that exist.</summary>
    /// <exception cref="NotSupportedException">The kernel uses something that cannot be emitted.</exception>
    public static GroupBody Emit(
        Function function, LoopForest forest, BlockLayout layout, LaneModel lanes, ShapeAnalysis shapes, VectorMethods methods, ScratchLayout scratch, bool masked,
        StringBuilder? listing = null, Func<ILGenerator, InstructionWriter>? writer = null)
    {
        var emitter = new FunctionEmitter(function, forest, layout, lanes, shapes, methods, scratch, masked, listing, writer);
        emitter.EmitBody();
        listing?.AppendLine($"; {emitter.il.Count} instructions, {emitter.il.Bytes} bytes, {emitter.il.Locals} locals");
        return emitter.method.CreateDelegate<GroupBody>();
    }

    private LocalBuilder[] MaskLocals() => [.. Enumerable.Range(0, lanes.Vectors).Select(_ => il.DeclareLocal(methods.Vector(typeof(int))))];

    private void EmitBody()
    {
        foreach (var value in function.Entry.Instructions.Where(storage.Prologue.Contains)) Emit(value);
        var body = il.DefineLabel();
        il.MarkLabel(body);
        if (entryMask is not null)
        {
            EntryMask(entryMask);
            if (function.ImplicitDimensions > 1)
            {
                // A vector may lie outside of the extent altogether; what is uniform in it would be computed all the same.
                context.PushAny(entryMask);
                il.Emit(OpCodes.Brfalse, next);
            }
        }
        for (int position = 0; position < layout.Order.Count; position++)
        {
            EmitBlock(layout.Order[position], position);
            EmitLoopEnds(position);
        }
        il.MarkLabel(next);
        if (!lanes.LockStep)
        {
            il.Emit(OpCodes.Ldarg, ValueEmitter.LaneFromArgument);
            il.Emit(OpCodes.Ldc_I4, lanes.Width);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Starg, ValueEmitter.LaneFromArgument);
            il.Emit(OpCodes.Ldarg, ValueEmitter.LaneFromArgument);
            il.Emit(OpCodes.Ldarg, ValueEmitter.LaneToArgument);
            il.Emit(OpCodes.Blt, body);
        }
        il.Emit(OpCodes.Ret);
    }

    /// <summary>Lanes that exist: below the end of the group, and inside the extent of an implicitly grouped launch.</summary>
    private void EntryMask(LocalBuilder[] mask)
    {
        for (int vector = 0; vector < lanes.Vectors; vector++)
        {
            values.PushLinearIndex(vector);
            il.Emit(OpCodes.Ldarg, ValueEmitter.LaneToArgument);
            il.Emit(OpCodes.Call, methods.Broadcast(typeof(int)));
            il.Emit(OpCodes.Call, methods.Operation("LessThan", typeof(int)));
            for (int dimension = 0; dimension < function.ImplicitDimensions; dimension++)
            {
                // Threads of this group along the dimension that lie inside the extent.
                values.PushGroupIndexVector(dimension, vector);
                values.PushRemainingExtent(dimension);
                il.Emit(OpCodes.Call, methods.Broadcast(typeof(int)));
                il.Emit(OpCodes.Call, methods.Operation("LessThan", typeof(int)));
                il.Emit(OpCodes.Call, methods.Operation("BitwiseAnd", typeof(int)));
            }
            il.Emit(OpCodes.Stloc, mask[vector]);
        }
    }

    private void EmitBlock(Block block, int position)
    {
        il.NoteBegin(block);
        il.MarkLabel(labels[block]);
        if (masks.TryGetValue(block, out var mask))
        {
            for (int vector = 0; vector < lanes.Vectors; vector++)
            {
                il.Emit(OpCodes.Ldloc, mask[vector]);
                il.Emit(OpCodes.Stloc, current[vector]);
            }
            Clear(mask);
            context.Mask = current;
            context.PushAny(current);
            il.Emit(OpCodes.Brfalse, NextInRegion(shapes.RegionOf(block)!, position));
        }
        else
        {
            context.Mask = entryMask;
        }
        foreach (var phi in block.Phis) values.EmitImage(phi);
        foreach (var value in block.Instructions)
        {
            if (!storage.Prologue.Contains(value)) Emit(value);
        }
        il.NoteEnd(block);
        EmitTerminator(block, position);
    }

    private void Emit(Value value)
    {
        il.Note(value);
        values.Emit(value);
    }

    private void EmitTerminator(Block block, int position)
    {
        bool masked = shapes.IsMasked(block);
        switch (block.Terminator)
        {
            case TerminatorKind.Return:
                il.Emit(OpCodes.Br, next);
                break;
            case TerminatorKind.Jump:
                EnterRegion(block, block.Target!);
                EmitEdge(block, block.Target!, context.Mask, masked);
                il.Emit(OpCodes.Br, masked ? NextInRegion(shapes.RegionOf(block)!, position) : labels[block.Target!]);
                break;
            case TerminatorKind.Branch when shapes.IsDivergentBranch(block):
                var region = shapes.RegionOf(block) ?? shapes.RegionOf(block.Target!) ?? shapes.RegionOf(block.Otherwise!)!;
                SplitMask(block.Condition!);
                if (!masked) Clear(region);
                // Around a loop last: that edge overwrites phis which the edge out of the loop reads.
                bool targetLast = IsBackEdge(block, block.Target!);
                if (!targetLast) EmitEdge(block, block.Target!, taken, true);
                EmitEdge(block, block.Otherwise!, notTaken, true);
                if (targetLast) EmitEdge(block, block.Target!, taken, true);
                il.Emit(OpCodes.Br, NextInRegion(region, position));
                break;
            default:
                var otherwise = il.DefineLabel();
                values.BranchUnless(block.Condition!, otherwise);
                EnterRegion(block, block.Target!);
                EmitEdge(block, block.Target!, context.Mask, masked);
                il.Emit(OpCodes.Br, masked ? NextInRegion(shapes.RegionOf(block)!, position) : labels[block.Target!]);
                il.MarkLabel(otherwise);
                EnterRegion(block, block.Otherwise!);
                EmitEdge(block, block.Otherwise!, context.Mask, masked);
                il.Emit(OpCodes.Br, masked ? NextInRegion(shapes.RegionOf(block)!, position) : labels[block.Otherwise!]);
                break;
        }
    }

    private bool IsBackEdge(Block from, Block to) => forest.Of(to) is { } loop && loop.Header == to && loop.Blocks.Contains(from);

    /// <summary>Lanes of the block that take the branch, and those that do not.</summary>
    private void SplitMask(Value condition)
    {
        for (int vector = 0; vector < lanes.Vectors; vector++)
        {
            context.PushVector(condition, vector, 0);
            if (context.Mask is { } mask)
            {
                il.Emit(OpCodes.Ldloc, mask[vector]);
                il.Emit(OpCodes.Call, methods.Operation("BitwiseAnd", typeof(int)));
            }
            il.Emit(OpCodes.Stloc, taken[vector]);
            if (context.Mask is { } all)
            {
                il.Emit(OpCodes.Ldloc, all[vector]);
                il.Emit(OpCodes.Ldloc, taken[vector]);
                il.Emit(OpCodes.Call, methods.Operation("Xor", typeof(int)));
            }
            else
            {
                il.Emit(OpCodes.Ldloc, taken[vector]);
                il.Emit(OpCodes.Call, methods.Operation("OnesComplement", typeof(int)));
            }
            il.Emit(OpCodes.Stloc, notTaken[vector]);
        }
    }

    /// <summary>Hands values and lanes to a successor.</summary>
    /// <param name="from">Block that is left.</param>
    /// <param name="to">Block that is entered.</param>
    /// <param name="mask">Lanes that take the edge, null for all.</param>
    /// <param name="partial">Whether other lanes may come another way, so that phis must keep what they have.</param>
    private void EmitEdge(Block from, Block to, LocalBuilder[]? mask, bool partial)
    {
        int index = to.Predecessors.IndexOf(from);
        var copies = to.Phis.Where(phi => storage.IsUsed(phi) && !storage.SharesLocal(phi.Operands[index], phi)).ToList();
        // All sources are on the stack before the first phi is written: they may be phis of the same block.
        var targets = new Stack<LocalBuilder>();
        foreach (var phi in copies)
        {
            var operand = phi.Operands[index];
            bool blend = partial && mask is not null && NeedsBlend(from, to);
            var place = storage.Of(phi)!;
            if (!shapes.Of(phi).IsVarying)
            {
                for (int vector = 0; vector < place.Scalars!.Length; vector++)
                {
                    context.PushScalar(operand, vector);
                    targets.Push(place.Scalars[vector]);
                }
                continue;
            }
            int parts = StoragePlan.Parts(phi.Type);
            for (int slot = 0; slot < place.Vectors!.Length; slot++)
            {
                var (vector, part) = (slot / parts, slot % parts);
                var element = VectorMethods.Element(phi.Type);
                if (blend) context.PushMask(mask!, vector, part, element);
                context.PushVector(operand, vector, part);
                if (blend)
                {
                    il.Emit(OpCodes.Ldloc, place.Vectors[slot]);
                    il.Emit(OpCodes.Call, methods.Operation("ConditionalSelect", element));
                }
                targets.Push(place.Vectors[slot]);
            }
        }
        while (targets.TryPop(out var target)) il.Emit(OpCodes.Stloc, target);
        if (!masks.TryGetValue(to, out var into)) return;
        for (int vector = 0; vector < lanes.Vectors; vector++)
        {
            if (mask is null)
            {
                il.Emit(OpCodes.Ldc_I4_M1);
                il.Emit(OpCodes.Call, methods.Broadcast(typeof(int)));
            }
            else
            {
                il.Emit(OpCodes.Ldloc, mask[vector]);
                if (partial)
                {
                    il.Emit(OpCodes.Ldloc, into[vector]);
                    il.Emit(OpCodes.Call, methods.Operation("BitwiseOr", typeof(int)));
                }
            }
            il.Emit(OpCodes.Stloc, into[vector]);
        }
    }

    /// <summary>
    /// Whether an edge must keep the phi's value in other lanes. Not into a loop's header, where all lanes that are in the loop come the same way, and not
    /// on the first edge in order, before which nothing of use is there.
    /// </summary>
    private bool NeedsBlend(Block from, Block to)
    {
        if (forest.Of(to) is { } loop && loop.Header == to) return false;
        if (to.Predecessors.Count == 1 && forest.Of(from) == forest.Of(to)) return false;
        return to.Predecessors.MinBy(layout.Position) != from || forest.Of(from) != forest.Of(to);
    }

    /// <summary>Where a block of a region goes on: at the end of a masked loop that ends here, at the next block of the region, or at its end.</summary>
    private Label NextInRegion(ShapeAnalysis.Region region, int position)
    {
        foreach (var loop in LoopsEndingAt(position)) return loopEnds[loop];
        return NextBlock(region, position);
    }

    private Label NextBlock(ShapeAnalysis.Region region, int position)
    {
        for (int index = position + 1; index < layout.Order.Count; index++)
        {
            var block = layout.Order[index];
            if (block == region.End || region.Blocks.Contains(block)) return labels[block];
        }
        throw new InvalidOperationException($"{function.Name}: a divergent region does not end");
    }

    private List<Loop> LoopsEndingAt(int position) =>
        [.. loopEnds.Keys.Where(loop => layout.End(loop) == position).OrderByDescending(loop => loop.Depth)];

    private void EmitLoopEnds(int position)
    {
        var ending = LoopsEndingAt(position);
        for (int index = 0; index < ending.Count; index++)
        {
            var loop = ending[index];
            il.MarkLabel(loopEnds[loop]);
            context.PushAny(masks[loop.Header]);
            il.Emit(OpCodes.Brtrue, labels[loop.Header]);
            il.Emit(OpCodes.Br, index + 1 < ending.Count ? loopEnds[ending[index + 1]] : NextBlock(shapes.RegionOf(loop.Header)!, position));
        }
    }

    /// <summary>Clears the masks of a region where it is entered: cleared any earlier, they would hold registers in every loop before it.</summary>
    private void EnterRegion(Block from, Block to)
    {
        if (!shapes.IsMasked(from) && shapes.RegionOf(to) is { } region) Clear(region);
    }

    private void Clear(ShapeAnalysis.Region region)
    {
        foreach (var block in region.Blocks)
        {
            if (masks.TryGetValue(block, out var mask)) Clear(mask);
        }
    }

    private void Clear(LocalBuilder[] mask)
    {
        foreach (var local in mask)
        {
            il.Emit(OpCodes.Call, methods.Vector(typeof(int)).GetProperty("Zero", BindingFlags.Public | BindingFlags.Static)!.GetMethod!);
            il.Emit(OpCodes.Stloc, local);
        }
    }
}
