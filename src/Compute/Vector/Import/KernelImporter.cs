using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;
using ILGPU;
using ILGPU.IR;
using ILGPU.IR.Types;
using ILGPU.IR.Values;
using Barrier = ILGPU.IR.Values.Barrier;
using Block = Engine.Compute.Vector.IR.Block;
using SourceValue = ILGPU.IR.Value;
using Value = Engine.Compute.Vector.IR.Value;

namespace Engine.Compute.Vector.Import;

/// <summary>
/// Converts ILGPU's IR of one kernel, everything inlined, into a <see cref="Function"/>. Structures become their leaves, element addresses become
/// 64-bit arithmetic, switches become chains of branches. What ILGPU's IR means is described by its <c>IValueVisitor</c>.
/// </summary>
internal sealed class KernelImporter
{
    private readonly Method method;
    private readonly KernelParameterLayout layout;
    private readonly int warpSize;
    private readonly SourceLines? lines;
    private readonly Function function;
    private readonly ArithmeticImporter arithmetic;
    private readonly HalfPrecision half;
    private readonly Dictionary<SourceValue, Value[]> values = [];
    private readonly Dictionary<BasicBlock, Block> blocks = [];
    private readonly Dictionary<Block, BasicBlock> sources = [];
    private readonly List<(PhiValue Source, Value[] Phis)> phis = [];
    private Block current = new();
    private SourceLine? line;

    private KernelImporter(Method method, string name, KernelParameterLayout layout, int implicitDimensions, int warpSize, SourceLines? lines)
    {
        this.lines = lines;
        this.method = method;
        this.layout = layout;
        this.warpSize = warpSize;
        function = new Function(name) { ImplicitDimensions = implicitDimensions };
        arithmetic = new ArithmeticImporter(function, Append);
        half = new HalfPrecision(function, Append);
    }

    /// <summary>Imports a kernel.</summary>
    /// <param name="method">ILGPU's method.</param>
    /// <param name="name">Name of the kernel, for messages and dumps.</param>
    /// <param name="layout">Where its arguments lie.</param>
    /// <param name="implicitDimensions">Dimensions of the index that is its first parameter, 0 when it is explicitly grouped.</param>
    /// <param name="warpSize">Lanes of a vector of floats.</param>
    /// <param name="lines">Where operations come from; null where nobody asks.</param>
    /// <exception cref="UnsupportedKernelException">It uses something that the vector accelerator does not run.</exception>
    public static Function Import(Method method, string name, KernelParameterLayout layout, int implicitDimensions, int warpSize, SourceLines? lines = null)
    {
        try
        {
            return new KernelImporter(method, name, layout, implicitDimensions, warpSize, lines).Run();
        }
        catch (UnsupportedKernelException)
        {
            throw;
        }
        catch (NotSupportedException exception)
        {
            throw new UnsupportedKernelException(name, $"{exception.Message} (in {method.Name})");
        }
    }

    private Function Run()
    {
        foreach (var source in method.Blocks)
        {
            blocks[source] = new Block();
            sources[blocks[source]] = source;
            function.Blocks.Add(blocks[source]);
        }
        current = function.Entry;
        ImportParameters();
        foreach (var source in method.Blocks)
        {
            current = blocks[source];
            foreach (var entry in source)
            {
                if (entry.Value is PhiValue phi)
                {
                    var merged = TypeLowering.Leaves(phi.Type).Select(leaf => current.AddPhi(leaf.Type)).ToArray();
                    values[phi] = merged;
                    phis.Add((phi, merged));
                }
            }
            foreach (var entry in source)
            {
                if (entry.Value is PhiValue) continue;
                line = lines?.Of(entry.Value);
                values[entry.Value] = Import(entry.Value);
            }
            ImportTerminator(source.Terminator!);
        }
        foreach (var (phi, merged) in phis)
        {
            var block = blocks[phi.BasicBlock];
            for (int leaf = 0; leaf < merged.Length; leaf++)
                merged[leaf].Operands = [.. block.Predecessors.Select(predecessor => Get(phi.GetValue(sources[predecessor])!)[leaf])];
        }
        function.Renumber();
        return function;
    }

    private void ImportParameters()
    {
        for (int index = 0; index < method.NumParameters; index++)
        {
            var parameter = method.Parameters[index];
            var leaves = TypeLowering.Leaves(parameter.ParameterType);
            if (index == 0 && function.ImplicitDimensions > 0)
            {
                values[parameter] = [.. leaves.Select((leaf, dimension) => ImplicitIndex(dimension, leaf.Type))];
                continue;
            }
            int offset = layout.OffsetOf(index);
            values[parameter] = [.. leaves.Select(leaf => Emit(Opcode.Argument, leaf.Type, offset + leaf.Offset))];
        }
    }

    /// <summary>Grid index times group dimension plus group index.</summary>
    private Value ImplicitIndex(int dimension, ScalarType type)
    {
        var start = Emit(Opcode.Multiply, ScalarType.I32, 0, Emit(Opcode.GridIndex, ScalarType.I32, dimension), Emit(Opcode.GroupDimension, ScalarType.I32, dimension));
        var index = Emit(Opcode.Add, ScalarType.I32, 0, start, Emit(Opcode.GroupIndex, ScalarType.I32, dimension));
        return type == ScalarType.I64 ? Emit(Opcode.SignExtend, ScalarType.I64, 0, index) : index;
    }

    private Value Emit(Opcode op, ScalarType type, long immediate, params Value[] operands) => Append(new Value(op, type, operands, immediate));

    private Value Append(Value value)
    {
        value.Source ??= line;
        return current.Append(value);
    }

    /// <summary>Asserts what the kernel asserts. Of an index, ILGPU lets one below 0 pass where it indexes a local array.</summary>
    private void ImportAssertion(DebugAssertOperation assertion)
    {
        string message = (assertion.Message.Resolve() as StringValue)?.String ?? "an assertion";
        var condition = arithmetic.ToBool(Single(assertion.Condition));
        if (IndexAssertion.Find(assertion.Condition.Resolve(), message) is not { } bounds)
        {
            function.Assertions.Add(new Assertion(KernelFaultKind.FailedAssertion, message));
            Emit(Opcode.Assert, ScalarType.Void, function.Assertions.Count - 1, condition);
            return;
        }
        var (index, length) = (Single(bounds.Index), Single(bounds.Length));
        var isPositive = Emit(Opcode.Compare, ScalarType.Bool, (long)Comparison.GreaterOrEqual, index, function.Constant(index.Type, 0L));
        function.Assertions.Add(new Assertion(KernelFaultKind.OutOfRange, message));
        Emit(Opcode.Assert, ScalarType.Void, function.Assertions.Count - 1, Emit(Opcode.And, ScalarType.Bool, 0, condition, isPositive), index, length);
    }

    private Value[] Get(ValueReference reference) => Get(reference.Resolve());

    private Value[] Get(SourceValue source)
    {
        source = source.Resolve();
        if (values.TryGetValue(source, out var found)) return found;
        return source is PrimitiveValue or NullValue or UndefinedValue
            ? values[source] = Constants(source)
            : throw new NotSupportedException($"a use of {source} before its definition");
    }

    private Value Single(ValueReference reference) => Get(reference)[0];

    /// <summary>A number to compute with: of a half, its value in single precision.</summary>
    private Value Operand(ValueReference reference) =>
        reference.BasicValueType == BasicValueType.Float16 ? half.ToSingle(Single(reference)) : Single(reference);

    /// <summary>The type that an operation computes in.</summary>
    private static ScalarType NumberType(SourceValue source) =>
        source.BasicValueType == BasicValueType.Float16 ? ScalarType.F32 : TypeLowering.Scalar(source.BasicValueType);

    /// <summary>What an operation gives, from what was computed.</summary>
    private Value Number(SourceValue source, Value computed) => source.BasicValueType == BasicValueType.Float16 ? half.ToHalf(computed) : computed;

    private Value[] Constants(SourceValue source) => source is PrimitiveValue primitive
        ? [function.Constant(TypeLowering.Scalar(primitive.BasicValueType), primitive.RawValue)]
        : [.. TypeLowering.Leaves(source.Type).Select(leaf => function.Constant(leaf.Type, 0L))];

    private Value[] Import(SourceValue source)
    {
        switch (source)
        {
            case PrimitiveValue or NullValue or UndefinedValue:
                return Constants(source);
            case UnaryArithmeticValue unary:
                return [Number(unary, arithmetic.Unary(unary.Kind, Operand(unary.Value), NumberType(unary)))];
            case BinaryArithmeticValue binary:
                return [Number(binary, arithmetic.Binary(binary.Kind, binary.IsUnsigned, Operand(binary.Left), Operand(binary.Right)))];
            case TernaryArithmeticValue ternary:
                return [Number(ternary, arithmetic.MultiplyAdd(Operand(ternary.First), Operand(ternary.Second), Operand(ternary.Third)))];
            case CompareValue compare:
                return [arithmetic.Compare(compare.Kind, compare.IsUnsignedOrUnordered, Operand(compare.Left), Operand(compare.Right))];
            case ConvertValue convert:
                return [Number(convert, arithmetic.Convert(Operand(convert.Value), NumberType(convert), convert.IsSourceUnsigned, convert.IsResultUnsigned))];
            case FloatAsIntCast or IntAsFloatCast:
                return [arithmetic.Reinterpret(Single(((CastValue)source).Value), TypeLowering.Scalar(source.BasicValueType))];
            case PointerCast cast:
                NoteReinterpretation(cast);
                return Get(cast.Value);
            case AddressSpaceCast:
                return Get(((CastValue)source).Value);
            case IntAsPointerCast toPointer:
                return [arithmetic.Convert(Single(toPointer.Value), ScalarType.I64, true, true)];
            case PointerAsIntCast toInteger:
                return [arithmetic.Convert(Single(toInteger.Value), TypeLowering.Scalar(toInteger.TargetBasicValueType), true, true)];
            case Predicate select:
                var (whenTrue, whenFalse) = (Get(select.TrueValue), Get(select.FalseValue));
                return [.. whenTrue.Select((value, leaf) => Emit(Opcode.Select, value.Type, 0, Single(select.Condition), value, whenFalse[leaf]))];
            case StructureValue structure:
                return [.. structure.Nodes.ToArray().SelectMany(Get)];
            case GetField field:
                return Get(field.ObjectValue)[field.FieldSpan.Index..(field.FieldSpan.Index + field.FieldSpan.Span)];
            case SetField field:
                var leaves = (Value[])Get(field.ObjectValue).Clone();
                Get(field.Value).CopyTo(leaves, field.FieldSpan.Index);
                return leaves;
            case GridIndexValue index:
                return [Emit(Opcode.GridIndex, ScalarType.I32, (int)index.Dimension)];
            case GroupIndexValue index:
                return [Emit(Opcode.GroupIndex, ScalarType.I32, (int)index.Dimension)];
            case GridDimensionValue dimension:
                return [Emit(Opcode.GridDimension, ScalarType.I32, (int)dimension.Dimension)];
            case GroupDimensionValue dimension:
                return [Emit(Opcode.GroupDimension, ScalarType.I32, (int)dimension.Dimension)];
            case LaneIdxValue:
                return [Emit(Opcode.LaneIndex, ScalarType.I32, 0)];
            case WarpSizeValue:
                return [function.Constant(ScalarType.I32, warpSize)];
            case AcceleratorTypeValue:
                return [function.Constant(ScalarType.I32, (long)ILGPU.Runtime.AcceleratorType.CPU)];
            case DebugAssertOperation assertion:
                ImportAssertion(assertion);
                return [];
            case StringValue:
                return [];
            default:
                return ImportMemory(source);
        }
    }

    private Value[] ImportMemory(SourceValue source)
    {
        switch (source)
        {
            case Alloca alloca:
                return [Allocate(alloca)];
            case LoadElementAddress element:
                var index = arithmetic.Convert(Single(element.Offset), ScalarType.I64, false, false);
                var offset = Emit(Opcode.Multiply, ScalarType.I64, 0, index, function.Constant(ScalarType.I64, (long)element.ElementType.Size));
                return [Emit(Opcode.Add, ScalarType.I64, 0, Single(element.Source), offset)];
            case LoadFieldAddress field:
                long fieldOffset = field.StructureType.GetOffset(field.FieldSpan.Access);
                return [Emit(Opcode.Add, ScalarType.I64, 0, Single(field.Source), function.Constant(ScalarType.I64, fieldOffset))];
            case AlignTo align:
                return [AlignUp(Single(align.Source), arithmetic.Convert(Single(align.AlignmentInBytes), ScalarType.I64, false, false))];
            case AsAligned aligned:
                return Get(aligned.Source);
            case DynamicMemoryLengthValue length:
                var elementSize = function.Constant(ScalarType.I32, (long)length.ElementType.Size);
                return [arithmetic.Convert(
                    Emit(Opcode.DivideUnsigned, ScalarType.I32, 0, Emit(Opcode.DynamicSharedBytes, ScalarType.I32, 0), elementSize), TypeLowering.Scalar(length.BasicValueType), true, true)];
            case Load load:
                return [.. TypeLowering.Leaves(load.Type).Select(leaf => Emit(Opcode.Load, leaf.Type, leaf.Offset, Single(load.Source)))];
            case Store store:
                var stored = Get(store.Value);
                var leaves = TypeLowering.Leaves(store.Value.Type);
                for (int leaf = 0; leaf < stored.Length; leaf++)
                    Emit(Opcode.Store, ScalarType.Void, leaves[leaf].Offset, Single(store.Target), stored[leaf]);
                return [];
            case GenericAtomic atomic:
                var operation = AtomicKindOf(atomic);
                var operand = Single(atomic.Value);
                return [current.Append(new Value(Opcode.Atomic, operand.Type, [Single(atomic.Target), operand]) { Kind = (int)operation })];
            case AtomicCAS swap:
                // ILGPU has the names the wrong way round: its front end passes what to compare with first.
                return [Emit(Opcode.AtomicCompareExchange, Single(swap.Value).Type, 0, Single(swap.Target), Single(swap.CompareValue), Single(swap.Value))];
            case MemoryBarrier:
                Emit(Opcode.Fence, ScalarType.Void, 0);
                return [];
            case WriteToOutput write:
                Emit(Opcode.Write, ScalarType.Void, KernelOutput.Register(write.Expressions), [.. write.Nodes.ToArray().Select(argument => Operand(argument))]);
                return [];
            case Barrier barrier:
                Emit(barrier.Kind == BarrierKind.GroupLevel ? Opcode.Barrier : Opcode.WarpBarrier, ScalarType.Void, 0);
                return [];
            case PredicateBarrier barrier:
                var predicate = barrier.Kind switch
                {
                    PredicateBarrierKind.PopCount => GroupPredicate.PopulationCount,
                    PredicateBarrierKind.And => GroupPredicate.And,
                    _ => GroupPredicate.Or,
                };
                var type = predicate == GroupPredicate.PopulationCount ? ScalarType.I32 : ScalarType.Bool;
                return [Emit(Opcode.BarrierPredicate, type, (long)predicate, arithmetic.ToBool(Single(barrier.Predicate)))];
            case Broadcast broadcast:
                var broadcastOp = broadcast.Kind == BroadcastKind.GroupLevel ? Opcode.BroadcastGroup : Opcode.BroadcastWarp;
                return [.. Get(broadcast.Variable).Select(value => Emit(broadcastOp, value.Type, 0, value, Single(broadcast.Origin)))];
            case WarpShuffle shuffle:
                return [.. Get(shuffle.Variable).Select(value => Emit(Opcode.Shuffle, value.Type, (long)ModeOf(shuffle.Kind), value, Single(shuffle.Origin)))];
            case SubWarpShuffle shuffle:
                return [.. Get(shuffle.Variable).Select(value =>
                    Emit(Opcode.Shuffle, value.Type, (long)ModeOf(shuffle.Kind), value, Single(shuffle.Origin), Single(shuffle.Width)))];
            case MethodCall call when LibraryFunctions.IsFusedMultiplyAdd(call.Target):
                return [arithmetic.MultiplyAdd(Single(call[0]), Single(call[1]), Single(call[2]))];
            case MethodCall call when LibraryFunctions.Find(call.Target) is { } library:
                Value[] numbers = [.. call.Nodes.ToArray().Select(Single)];
                return [Emit(Opcode.Math, numbers[0].Type, (long)library, numbers)];
            case MethodCall call:
                return Refuse($"a call of {Describe(call.Target)}, which ILGPU has no code for", call.Type);
            case LanguageEmitValue emit:
                return Refuse("inline assembly (CudaAsm)", emit.Type);
            default:
                return Refuse($"the operation {source.GetType().Name}", source.Type);
        }
    }

    /// <summary>What cannot be run is refused where it can be reached; code for other accelerators often stands behind a test of the accelerator's type.</summary>
    private Value[] Refuse(string what, TypeNode type)
    {
        function.Refusals.Add(what);
        Emit(Opcode.Refused, ScalarType.Void, function.Refusals.Count - 1);
        return [.. TypeLowering.Leaves(type).Select(leaf => function.Constant(leaf.Type, 0L))];
    }

    private static string Describe(Method target) =>
        target.HasSource ? $"{target.Source.DeclaringType?.Name}.{target.Source.Name}" : target.Name;

    private Value Allocate(Alloca alloca)
    {
        long count = 1;
        if (alloca.IsDynamicAllocation) return Emit(Opcode.DynamicSharedArray, ScalarType.I64, 0);
        if (alloca.IsArrayAllocation(out var length)) count = length.Int64Value;
        var leaves = TypeLowering.Leaves(alloca.AllocaType);
        var elementType = leaves.Count == 1 ? leaves[0].Type : ScalarType.Void;
        var allocation = new ArrayAllocation(elementType, checked((int)(count * alloca.AllocaType.Size)));
        bool shared = alloca.AddressSpace == MemoryAddressSpace.Shared;
        var arrays = shared ? function.SharedArrays : function.LocalArrays;
        arrays.Add(allocation);
        return Emit(shared ? Opcode.SharedArray : Opcode.LocalArray, ScalarType.I64, arrays.Count - 1);
    }

    /// <summary>The next address that is a multiple of the alignment, a power of two.</summary>
    private Value AlignUp(Value address, Value alignment)
    {
        var last = Emit(Opcode.Add, ScalarType.I64, 0, address, Emit(Opcode.Subtract, ScalarType.I64, 0, alignment, function.Constant(ScalarType.I64, 1L)));
        return Emit(Opcode.And, ScalarType.I64, 0, last, Emit(Opcode.Negate, ScalarType.I64, 0, alignment));
    }

    /// <summary>Marks the local array that a cast address leads to.</summary>
    private void NoteReinterpretation(PointerCast cast)
    {
        var address = cast.Value.Resolve();
        while (address is LoadElementAddress or LoadFieldAddress or CastValue)
        {
            address = address is CastValue inner ? inner.Value.Resolve() : address is LoadElementAddress element ? element.Source.Resolve() : ((LoadFieldAddress)address).Source.Resolve();
        }
        if (address is not Alloca || !values.TryGetValue(address, out var array) || array[0].Op != Opcode.LocalArray) return;
        int number = (int)array[0].Immediate;
        function.LocalArrays[number] = function.LocalArrays[number] with { IsReinterpreted = true };
    }

    private static AtomicOperation AtomicKindOf(GenericAtomic atomic) => atomic.Kind switch
    {
        AtomicKind.Exchange => AtomicOperation.Exchange,
        AtomicKind.Add => AtomicOperation.Add,
        AtomicKind.And => AtomicOperation.And,
        AtomicKind.Or => AtomicOperation.Or,
        AtomicKind.Xor => AtomicOperation.Xor,
        AtomicKind.Max => atomic.IsUnsigned ? AtomicOperation.MaximumUnsigned : AtomicOperation.Maximum,
        _ => atomic.IsUnsigned ? AtomicOperation.MinimumUnsigned : AtomicOperation.Minimum,
    };

    private static ShuffleMode ModeOf(ShuffleKind kind) => kind switch
    {
        ShuffleKind.Down => ShuffleMode.Down,
        ShuffleKind.Up => ShuffleMode.Up,
        ShuffleKind.Xor => ShuffleMode.Xor,
        _ => ShuffleMode.Lane,
    };

    private void ImportTerminator(TerminatorValue terminator)
    {
        switch (terminator)
        {
            case ReturnTerminator:
                break;
            case UnconditionalBranch jump:
                current.JumpTo(blocks[jump.Target]);
                break;
            case IfBranch branch:
                current.BranchTo(arithmetic.ToBool(Single(branch.Condition)), blocks[branch.TrueTarget], blocks[branch.FalseTarget]);
                break;
            case SwitchBranch branch:
                ImportSwitch(branch);
                break;
            default:
                throw new NotSupportedException($"the terminator {terminator.GetType().Name}");
        }
    }

    /// <summary>A switch on 0, 1, 2 ... is a chain of comparisons; the last one's other way is the default.</summary>
    private void ImportSwitch(SwitchBranch branch)
    {
        var selector = Single(branch.Condition);
        var source = branch.BasicBlock;
        for (int index = 0; index < branch.NumCasesWithoutDefault; index++)
        {
            var matches = Emit(Opcode.Compare, ScalarType.Bool, (long)Comparison.Equal, selector, function.Constant(selector.Type, index));
            bool last = index == branch.NumCasesWithoutDefault - 1;
            var next = last ? blocks[branch.DefaultBlock] : new Block();
            current.BranchTo(matches, blocks[branch.GetCaseTarget(index)], next);
            if (last) break;
            function.Blocks.Add(next);
            sources[next] = source;
            current = next;
        }
    }
}
