using Engine.Compute.Vector.IR;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>How faults change a function.</summary>
internal static class FunctionEdits
{
    /// <summary>Tries a change on every value and counts those that it was made on.</summary>
    public static int Change(this Function function, Func<Value, bool> change) => function.Values.ToList().Count(change);

    /// <summary>Gives every value of one operation another one.</summary>
    public static int Exchange(this Function function, Opcode from, Opcode to) => function.Change(value =>
    {
        if (value.Op != from)
        {
            return false;
        }

        value.Op = to;
        return true;
    });

    /// <summary>Lets all readers of a value read what is made of it.</summary>
    /// <param name="function">The function.</param>
    /// <param name="value">The value.</param>
    /// <param name="make">Appends operations right after the value and gives the last of them.</param>
    public static void Wrap(this Function function, Value value, Func<Func<Opcode, ScalarType, Value[], Value>, Value> make)
    {
        var block = value.Block!;
        var readers = function.Values.ToList();
        var place = block.Instructions.IndexOf(value) + 1;
        var last = make((op, type, operands) =>
        {
            var made = new Value(op, type, operands) { Block = block };
            block.Instructions.Insert(place++, made);
            return made;
        });
        foreach (var reader in readers)
        {
            reader.Operands = [.. reader.Operands.Select(operand => operand == value ? last : operand)];
        }

        foreach (var reading in function.Blocks.Where(reading => reading.Condition == value))
        {
            reading.Condition = last;
        }
    }

    /// <summary>Values that decide where threads go: a fault in one of them could keep a loop from ending.</summary>
    public static HashSet<Value> Deciding(this Function function)
    {
        var deciding = new HashSet<Value>();
        var work = new Stack<Value>(function.Blocks.Where(block => block.Condition is not null).Select(block => block.Condition!));
        while (work.TryPop(out var value))
        {
            if (deciding.Add(value))
            {
                foreach (var operand in value.Operands)
                {
                    work.Push(operand);
                }
            }
        }

        return deciding;
    }
}
