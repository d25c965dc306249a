using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Text;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Writes IL, and where asked to the same as text. What is virtual is where tests plant faults.</summary>
internal class InstructionWriter(ILGenerator il, StringBuilder? listing)
{
    private readonly Dictionary<Label, string> labels = [];
    private string? note;

    /// <summary>Instructions written so far.</summary>
    public int Count { get; private set; }

    /// <summary>Locals declared so far.</summary>
    public int Locals { get; private set; }

    /// <summary>Bytes written so far.</summary>
    public int Bytes => il.ILOffset;

    /// <summary>Declares a local.</summary>
    public LocalBuilder DeclareLocal(Type type)
    {
        Locals++;
        return il.DeclareLocal(type);
    }

    /// <summary>Makes a label.</summary>
    public Label DefineLabel()
    {
        var label = il.DefineLabel();
        if (listing is not null) labels[label] = $"L{labels.Count}";
        return label;
    }

    /// <summary>Says in the text what the next instructions are for; forgotten where none follow before the next note.</summary>
    public virtual void Note(Value value)
    {
        if (listing is not null) note = FunctionPrinter.Describe(value);
    }

    /// <summary>Says in the text that the next instructions end a block.</summary>
    public virtual void NoteEnd(Block block)
    {
        if (listing is not null) note = FunctionPrinter.DescribeTerminator(block);
    }

    /// <summary>Says in the text which block begins.</summary>
    public virtual void NoteBegin(Block block) => listing?.AppendLine($"; {block}");

    /// <summary>Puts a label here.</summary>
    public void MarkLabel(Label label)
    {
        il.MarkLabel(label);
        listing?.AppendLine($"{labels[label]}:");
    }

    /// <summary>An instruction without operand.</summary>
    public virtual void Emit(OpCode code)
    {
        il.Emit(code);
        List(code, "");
    }

    /// <summary>An instruction with a 32-bit operand.</summary>
    public virtual void Emit(OpCode code, int operand)
    {
        il.Emit(code, operand);
        List(code, operand.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>An instruction with a 16-bit operand.</summary>
    public virtual void Emit(OpCode code, short operand)
    {
        il.Emit(code, operand);
        List(code, operand.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>An instruction with an 8-bit operand.</summary>
    public virtual void Emit(OpCode code, byte operand)
    {
        il.Emit(code, operand);
        List(code, operand.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>An instruction with a 64-bit operand.</summary>
    public virtual void Emit(OpCode code, long operand)
    {
        il.Emit(code, operand);
        List(code, operand.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>An instruction with a float operand.</summary>
    public virtual void Emit(OpCode code, float operand)
    {
        il.Emit(code, operand);
        List(code, operand.ToString("R", CultureInfo.InvariantCulture));
    }

    /// <summary>An instruction with a double operand.</summary>
    public virtual void Emit(OpCode code, double operand)
    {
        il.Emit(code, operand);
        List(code, operand.ToString("R", CultureInfo.InvariantCulture));
    }

    /// <summary>An instruction on a local.</summary>
    public virtual void Emit(OpCode code, LocalBuilder local)
    {
        il.Emit(code, local);
        List(code, $"{local.LocalIndex}{(listing is null ? "" : $" ({TypeName(local.LocalType)})")}");
    }

    /// <summary>A jump.</summary>
    public virtual void Emit(OpCode code, Label target)
    {
        il.Emit(code, target);
        List(code, listing is null ? "" : labels[target]);
    }

    /// <summary>A jump to one of several places.</summary>
    public virtual void Emit(OpCode code, Label[] targets)
    {
        il.Emit(code, targets);
        List(code, listing is null ? "" : string.Join(", ", targets.Select(target => labels[target])));
    }

    /// <summary>A call.</summary>
    public virtual void Emit(OpCode code, MethodInfo method)
    {
        il.Emit(code, method);
        List(code, listing is null ? "" : $"{method.DeclaringType!.Name}.{method.Name}{(method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(TypeName))}>" : "")}");
    }

    /// <summary>An instruction on a field.</summary>
    public virtual void Emit(OpCode code, FieldInfo field)
    {
        il.Emit(code, field);
        List(code, field.Name);
    }

    /// <summary>An instruction on a type.</summary>
    public virtual void Emit(OpCode code, Type type)
    {
        il.Emit(code, type);
        List(code, type.Name);
    }

    private void List(OpCode code, string operand)
    {
        Count++;
        if (listing is null) return;
        if (note is not null) listing.AppendLine($"  ; {note}");
        note = null;
        listing.AppendLine($"  {code.Name} {operand}".TrimEnd());
    }

    private static string TypeName(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>"
        : type.Name;
}
