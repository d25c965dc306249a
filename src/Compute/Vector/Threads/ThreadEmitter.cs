using System.Reflection;
using System.Reflection.Emit;
using Engine.Compute.Vector.Checked;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Threads;

/// <summary>
/// Emits a function as one .NET method that runs one thread in scalars. At a meeting the method leaves its operands in the thread's frame and returns the
/// meeting's number; called again, it goes on behind it. Any control flow that a kernel has will do: each thread takes its own way.
/// </summary>
internal sealed class ThreadEmitter : IScalarOperands
{
    /// <summary>Number of the argument that holds the checks.</summary>
    public const short ChecksArgument = 0;

    /// <summary>Number of the argument that holds the thread's frame.</summary>
    public const short FrameArgument = 7;

    private const short BlockArgument = 1;
    private const short LaunchArgument = 2;
    private const short GridArgument = 3;
    private const short ScratchArgument = 6;

    private readonly Function function;
    private readonly ThreadLayout layout;
    private readonly ValuePlaces places;
    private readonly DynamicMethod method;
    private readonly ScalarEmitter scalars;
    private readonly ThreadMemoryEmitter memory;
    private readonly ThreadChecks? checks;
    private readonly Dictionary<Block, Label> labels = [];
    private readonly Dictionary<Value, LocalBuilder> locals = [];
    private readonly List<(LocalBuilder Local, ScalarType Type)> ofBlock = [];
    private readonly Dictionary<ScalarType, Stack<LocalBuilder>> free = [];
    private readonly List<Value> meetings = [];
    private Label[] resumed = [];

    private ThreadEmitter(Function function, ThreadLayout layout, ThreadChecks? checks)
    {
        this.function = function;
        this.layout = layout;
        this.checks = checks;
        places = layout.Places;
        method = new DynamicMethod(
            $"{function.Name} (thread)", typeof(int),
            [typeof(object), typeof(byte*), typeof(LaunchInfo*), typeof(int), typeof(int), typeof(int), typeof(byte*), typeof(byte*)],
            typeof(ThreadEmitter).Module, skipVisibility: true)
        {
            InitLocals = false,
        };
        IL = new InstructionWriter(method.GetILGenerator(), null);
        scalars = new ScalarEmitter(this);
        memory = new ThreadMemoryEmitter(this, checks);
    }

    /// <inheritdoc/>
    public InstructionWriter IL { get; }

    /// <summary>Emits a numbered function.</summary>
    /// <param name="function">The function; its meetings are numbered from 1 in the order of its values.</param>
    /// <param name="layout">Where its values and arrays lie.</param>
    /// <param name="checks">What looks at every access; null for nobody.</param>
    /// <exception cref="NotSupportedException">The kernel uses something that cannot be emitted.</exception>
    public static ThreadBody Emit(Function function, ThreadLayout layout, ThreadChecks? checks = null)
    {
        var emitter = new ThreadEmitter(function, layout, checks);
        emitter.EmitBody();
        return (ThreadBody)emitter.method.CreateDelegate(typeof(ThreadBody), checks);
    }

    /// <inheritdoc/>
    public void PushScalar(Value value, int vector)
    {
        if (value.IsConstant)
        {
            IL.PushConstant(value);
        }
        else if (places.IsNested(value))
        {
            PushResult(value);
        }
        else if (places.Slot(value) is { } slot)
        {
            PushFrame(slot);
            IL.Emit(SlotLoad(value.Type));
        }
        else
        {
            IL.Emit(OpCodes.Ldloc, LocalOf(value));
        }
    }

    private void EmitBody()
    {
        int count = function.Values.Count(value => value.IsCrossThread);
        resumed = [.. Enumerable.Range(0, count).Select(_ => IL.DefineLabel())];
        foreach (var block in function.Blocks) labels[block] = IL.DefineLabel();
        if (count > 0)
        {
            PushField(nameof(ThreadFrame.Meeting));
            IL.Emit(OpCodes.Ldc_I4_1);
            IL.Emit(OpCodes.Sub);
            IL.Emit(OpCodes.Switch, resumed);
        }
        foreach (var block in function.Blocks)
        {
            IL.MarkLabel(labels[block]);
            foreach (var value in block.Instructions) Emit(value);
            EmitTerminator(block);
            foreach (var (local, type) in ofBlock) FreeLocals(type).Push(local);
            ofBlock.Clear();
        }
    }

    private void Emit(Value value)
    {
        switch (value.Op)
        {
            case Opcode.Store:
                memory.Store(value);
                return;
            case Opcode.Write:
                EmitWrite(value);
                return;
            case Opcode.Assert:
                EmitAssert(value);
                return;
            case Opcode.Fence:
                IL.Emit(OpCodes.Call, typeof(Interlocked).GetMethod(nameof(Interlocked.MemoryBarrier))!);
                return;
            case Opcode.Atomic or Opcode.AtomicCompareExchange when !places.IsUsed(value):
                memory.PushAtomic(value);
                IL.Emit(OpCodes.Pop);
                return;
        }
        if (value.IsCrossThread) EmitMeeting(value);
        if (places.IsUsed(value) && !places.IsNested(value)) Assign(value, () => PushResult(value));
    }

    private void EmitTerminator(Block block)
    {
        switch (block.Terminator)
        {
            case TerminatorKind.Return:
                IL.Emit(OpCodes.Ldc_I4_0);
                IL.Emit(OpCodes.Ret);
                break;
            case TerminatorKind.Jump:
                EmitEdge(block, block.Target!);
                break;
            default:
                var otherwise = IL.DefineLabel();
                scalars.BranchUnless(block.Condition!, otherwise);
                EmitEdge(block, block.Target!);
                IL.MarkLabel(otherwise);
                EmitEdge(block, block.Otherwise!);
                break;
        }
    }

    /// <summary>Hands values to a successor's phis and jumps there. All sources are read before the first phi is written: they may be phis of the same block.</summary>
    private void EmitEdge(Block from, Block to)
    {
        int index = to.Predecessors.IndexOf(from);
        var phis = to.Phis.Where(phi => places.IsUsed(phi) && phi.Operands[index] != phi).ToList();
        if (phis.Count == 1)
        {
            Assign(phis[0], () => PushScalar(phis[0].Operands[index], 0));
        }
        else
        {
            var held = phis.ConvertAll(phi => BorrowLocal(phi.Type));
            foreach (var (phi, local) in phis.Zip(held))
            {
                PushScalar(phi.Operands[index], 0);
                IL.Emit(OpCodes.Stloc, local);
            }
            foreach (var (phi, local) in phis.Zip(held)) Assign(phi, () => IL.Emit(OpCodes.Ldloc, local));
        }
        IL.Emit(OpCodes.Br, labels[to]);
    }

    /// <summary>Leaves the operands in the frame, returns, and is where the thread goes on.</summary>
    private void EmitMeeting(Value meeting)
    {
        meetings.Add(meeting);
        if (meeting.Operands.Length > 0)
        {
            PushFieldAddress(nameof(ThreadFrame.Exchanged));
            PushScalar(meeting.Operands[0], 0);
            IL.Emit(SlotStore(meeting.Operands[0].Type));
        }
        StoreInteger(meeting, 1, nameof(ThreadFrame.Origin));
        StoreInteger(meeting, 2, nameof(ThreadFrame.Width));
        PushFieldAddress(nameof(ThreadFrame.Meeting));
        IL.Emit(OpCodes.Ldc_I4, meetings.Count);
        IL.Emit(OpCodes.Stind_I4);
        IL.Emit(OpCodes.Ldc_I4, meetings.Count);
        IL.Emit(OpCodes.Ret);
        IL.MarkLabel(resumed[meetings.Count - 1]);
    }

    private void StoreInteger(Value meeting, int operand, string field)
    {
        if (meeting.Operands.Length <= operand) return;
        PushFieldAddress(field);
        PushScalar(meeting.Operands[operand], 0);
        if (meeting.Operands[operand].Type == ScalarType.I64) IL.Emit(OpCodes.Conv_I4);
        IL.Emit(OpCodes.Stind_I4);
    }

    private void EmitAssert(Value assertion)
    {
        var holds = IL.DefineLabel();
        PushScalar(assertion.Operands[0], 0);
        IL.Emit(OpCodes.Brtrue, holds);
        var said = function.Assertions[(int)assertion.Immediate];
        if (checks is null)
        {
            IL.Emit(OpCodes.Ldc_I4, AccessSites.Add(new AccessSite(function.Name, assertion.Source ?? SourceLine.Unknown, said)));
            IL.Emit(OpCodes.Call, typeof(FailedAssertion).GetMethod(nameof(FailedAssertion.Throw), BindingFlags.Public | BindingFlags.Static)!);
        }
        else
        {
            IL.Emit(OpCodes.Ldarg, ChecksArgument);
            IL.Emit(OpCodes.Ldarg, FrameArgument);
            IL.Emit(OpCodes.Ldc_I4, checks.Register(assertion, said));
            for (int operand = 1; operand <= 2; operand++)
            {
                if (assertion.Operands.Length > operand) PushScalar(assertion.Operands[operand], 0);
                else IL.Emit(OpCodes.Ldc_I4_0);
                IL.Emit(OpCodes.Conv_I8);
            }
            IL.Emit(OpCodes.Call, typeof(ThreadChecks).GetMethod(nameof(ThreadChecks.Fail))!);
        }
        IL.MarkLabel(holds);
    }

    private void EmitWrite(Value write)
    {
        IL.Emit(OpCodes.Ldc_I4, (int)write.Immediate);
        IL.Emit(OpCodes.Ldc_I4, write.Operands.Length);
        IL.Emit(OpCodes.Newarr, typeof(object));
        for (int index = 0; index < write.Operands.Length; index++)
        {
            IL.Emit(OpCodes.Dup);
            IL.Emit(OpCodes.Ldc_I4, index);
            PushScalar(write.Operands[index], 0);
            IL.Emit(OpCodes.Box, VectorMethods.Element(write.Operands[index].Type));
            IL.Emit(OpCodes.Stelem_Ref);
        }
        IL.Emit(OpCodes.Call, typeof(KernelOutput).GetMethod(nameof(KernelOutput.WriteOne), BindingFlags.Public | BindingFlags.Static)!);
    }

    /// <summary>Pushes what a value is, from its operands.</summary>
    private void PushResult(Value value)
    {
        switch (value.Op)
        {
            case Opcode.Argument:
                IL.Emit(OpCodes.Ldarg, BlockArgument);
                IL.Emit(OpCodes.Ldc_I4, (int)value.Immediate);
                IL.Emit(OpCodes.Add);
                IL.LoadIndirect(value.Type);
                break;
            case Opcode.GridIndex:
                IL.Emit(OpCodes.Ldarg, (short)(GridArgument + value.Immediate));
                break;
            case Opcode.GridDimension:
                PushLaunch("Grid" + "XYZ"[(int)value.Immediate]);
                break;
            case Opcode.GroupDimension:
                PushLaunch("Group" + "XYZ"[(int)value.Immediate]);
                break;
            case Opcode.GroupIndex:
                PushField("Index" + "XYZ"[(int)value.Immediate]);
                break;
            case Opcode.LaneIndex:
                PushField(nameof(ThreadFrame.Lane));
                break;
            case Opcode.SharedArray:
                PushScratch(layout.Shared(value.Immediate));
                break;
            case Opcode.DynamicSharedArray:
                PushScratch(layout.Bytes);
                break;
            case Opcode.DynamicSharedBytes:
                PushLaunch(nameof(LaunchInfo.DynamicSharedBytes));
                break;
            case Opcode.LocalArray:
                PushFrame(layout.Local(value.Immediate));
                IL.Emit(OpCodes.Conv_I8);
                break;
            case Opcode.Load:
                memory.PushLoad(value);
                break;
            case Opcode.Atomic or Opcode.AtomicCompareExchange:
                memory.PushAtomic(value);
                break;
            case Opcode.BarrierPredicate or Opcode.Shuffle or Opcode.BroadcastGroup or Opcode.BroadcastWarp:
                PushFieldAddress(nameof(ThreadFrame.Exchanged));
                IL.Emit(SlotLoad(value.Type));
                break;
            default:
                scalars.Push(value, 0);
                break;
        }
    }

    private void Assign(Value value, Action push)
    {
        if (places.Slot(value) is { } slot)
        {
            PushFrame(slot);
            push();
            IL.Emit(SlotStore(value.Type));
            return;
        }
        push();
        IL.Emit(OpCodes.Stloc, LocalOf(value));
    }

    private LocalBuilder LocalOf(Value value)
    {
        if (locals.TryGetValue(value, out var local)) return local;
        return locals[value] = places.IsMethodLocal(value) ? IL.DeclareLocal(VectorMethods.Element(value.Type)) : BorrowLocal(value.Type);
    }

    /// <summary>A local that is free again at the end of the block.</summary>
    private LocalBuilder BorrowLocal(ScalarType type)
    {
        if (!FreeLocals(type).TryPop(out var local)) local = IL.DeclareLocal(VectorMethods.Element(type));
        ofBlock.Add((local, type));
        return local;
    }

    private Stack<LocalBuilder> FreeLocals(ScalarType type)
    {
        if (!free.TryGetValue(type, out var stack)) free[type] = stack = [];
        return stack;
    }

    private void PushFrame(int offset)
    {
        IL.Emit(OpCodes.Ldarg, FrameArgument);
        IL.Emit(OpCodes.Ldc_I4, offset);
        IL.Emit(OpCodes.Add);
    }

    private void PushFieldAddress(string field)
    {
        IL.Emit(OpCodes.Ldarg, FrameArgument);
        IL.Emit(OpCodes.Ldflda, typeof(ThreadFrame).GetField(field)!);
    }

    private void PushField(string field)
    {
        IL.Emit(OpCodes.Ldarg, FrameArgument);
        IL.Emit(OpCodes.Ldfld, typeof(ThreadFrame).GetField(field)!);
    }

    private void PushLaunch(string field)
    {
        IL.Emit(OpCodes.Ldarg, LaunchArgument);
        IL.Emit(OpCodes.Ldfld, typeof(LaunchInfo).GetField(field)!);
    }

    private void PushScratch(int offset)
    {
        IL.Emit(OpCodes.Ldarg, ScratchArgument);
        IL.Emit(OpCodes.Ldc_I4, offset);
        IL.Emit(OpCodes.Add);
        IL.Emit(OpCodes.Conv_I8);
    }

    /// <summary>How a value is read from eight bytes of its own; narrow integers and truth values are held in 32 bits.</summary>
    private static OpCode SlotLoad(ScalarType type) => type switch
    {
        ScalarType.I64 => OpCodes.Ldind_I8,
        ScalarType.F32 => OpCodes.Ldind_R4,
        ScalarType.F64 => OpCodes.Ldind_R8,
        _ => OpCodes.Ldind_I4,
    };

    private static OpCode SlotStore(ScalarType type) => type switch
    {
        ScalarType.I64 => OpCodes.Stind_I8,
        ScalarType.F32 => OpCodes.Stind_R4,
        ScalarType.F64 => OpCodes.Stind_R8,
        _ => OpCodes.Stind_I4,
    };
}
