using System.Reflection;
using System.Reflection.Emit;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>One instruction of emitted code.</summary>
/// <param name="Code">What it does.</param>
/// <param name="Operand">Its operand, null for none.</param>
internal readonly record struct Instruction(OpCode Code, object? Operand)
{
    /// <summary>Whether it calls a method of this name.</summary>
    public bool Calls(string method) => Code == OpCodes.Call && ((MethodInfo)Operand!).Name == method;
}

/// <summary>What a fault does in place of an instruction: passes it on, alone, among others, or not at all.</summary>
internal delegate void Rewrite(FaultyWriter writer, Instruction instruction);

/// <summary>Writes IL as the compiler does, but hands every instruction to a fault first, which knows what it is for.</summary>
/// <param name="il">Where the IL goes.</param>
/// <param name="rewrite">The fault.</param>
internal sealed class FaultyWriter(ILGenerator il, Rewrite rewrite) : InstructionWriter(il, null)
{
    /// <summary>Gets the value that is being computed, null between values.</summary>
    public Value? Value { get; private set; }

    /// <summary>Gets the block that is being left, null inside of blocks.</summary>
    public Block? Ending { get; private set; }

    /// <summary>Gets the block that is being written, null before the first.</summary>
    public Block? Block { get; private set; }

    /// <summary>Gets the instruction that was written last.</summary>
    public Instruction Last { get; private set; }

    /// <summary>Gets the 32-bit number that was pushed last; 0 before the first.</summary>
    public int LastNumber { get; private set; }

    /// <summary>Gets how often the fault found something to change.</summary>
    public int Changes { get; private set; }

    /// <summary>Writes an instruction.</summary>
    public void Pass(OpCode code, object? operand = null) => Pass(new Instruction(code, operand));

    /// <summary>Writes an instruction.</summary>
    public void Pass(Instruction instruction)
    {
        Last = instruction;
        var code = instruction.Code;
        switch (instruction.Operand)
        {
            case null:
                base.Emit(code);
                break;
            case int number:
                LastNumber = number;
                base.Emit(code, number);
                break;
            case short number:
                base.Emit(code, number);
                break;
            case byte number:
                base.Emit(code, number);
                break;
            case long number:
                base.Emit(code, number);
                break;
            case float number:
                base.Emit(code, number);
                break;
            case double number:
                base.Emit(code, number);
                break;
            case LocalBuilder local:
                base.Emit(code, local);
                break;
            case Label label:
                base.Emit(code, label);
                break;
            case MethodInfo method:
                base.Emit(code, method);
                break;
            case FieldInfo field:
                base.Emit(code, field);
                break;
            default:
                base.Emit(code, (Type)instruction.Operand);
                break;
        }
    }

    /// <summary>Counts a change.</summary>
    public void Changed() => Changes++;

    /// <summary>Takes the topmost value from the stack into a local of its own.</summary>
    public LocalBuilder TakeTop(Type type)
    {
        var local = DeclareLocal(type);
        Pass(OpCodes.Stloc, local);
        return local;
    }

    /// <inheritdoc/>
    public override void Note(Value value)
    {
        (Value, Ending) = (value, null);
        base.Note(value);
    }

    /// <inheritdoc/>
    public override void NoteEnd(Block block)
    {
        (Value, Ending) = (null, block);
        base.NoteEnd(block);
    }

    /// <inheritdoc/>
    public override void NoteBegin(Block block)
    {
        (Value, Ending, Block) = (null, null, block);
        base.NoteBegin(block);
    }

    /// <inheritdoc/>
    public override void Emit(OpCode code) => rewrite(this, new Instruction(code, null));

    /// <inheritdoc/>
    public override void Emit(OpCode code, int operand) => rewrite(this, new Instruction(code, operand));

    /// <inheritdoc/>
    public override void Emit(OpCode code, short operand) => rewrite(this, new Instruction(code, operand));

    /// <inheritdoc/>
    public override void Emit(OpCode code, byte operand) => rewrite(this, new Instruction(code, operand));

    /// <inheritdoc/>
    public override void Emit(OpCode code, long operand) => rewrite(this, new Instruction(code, operand));

    /// <inheritdoc/>
    public override void Emit(OpCode code, float operand) => rewrite(this, new Instruction(code, operand));

    /// <inheritdoc/>
    public override void Emit(OpCode code, double operand) => rewrite(this, new Instruction(code, operand));

    /// <inheritdoc/>
    public override void Emit(OpCode code, LocalBuilder local) => rewrite(this, new Instruction(code, local));

    /// <inheritdoc/>
    public override void Emit(OpCode code, Label target) => rewrite(this, new Instruction(code, target));

    /// <inheritdoc/>
    public override void Emit(OpCode code, MethodInfo method) => rewrite(this, new Instruction(code, method));

    /// <inheritdoc/>
    public override void Emit(OpCode code, FieldInfo field) => rewrite(this, new Instruction(code, field));

    /// <inheritdoc/>
    public override void Emit(OpCode code, Type type) => rewrite(this, new Instruction(code, type));
}
