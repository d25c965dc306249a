using System.Reflection.Emit;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>Writes random branches, switches, loops, breaks and returns around blocks of other statements.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="integers">Its integers.</param>
/// <param name="floats">Its floats.</param>
/// <param name="block">Writes a number of statements; the first argument says whether all threads of the group are together in them.</param>
internal sealed class ControlFlowStatements(KernelWriter kernel, IntegerExpressions integers, FloatExpressions floats, Action<bool, int> block)
{
    private static readonly string[] ConditionOperators = ["<", "<=", ">", ">=", "==", "!="];

    private readonly ILGenerator il = kernel.IL;
    private readonly Random random = kernel.Random;

    public void If(bool together)
    {
        var otherwise = il.DefineLabel();
        var join = il.DefineLabel();
        var uniform = random.Next(4) == 0;
        if (uniform)
        {
            BranchTogether(otherwise, "if");
        }
        else
        {
            Branch(otherwise, "if");
        }

        block(together && uniform, 1 + random.Next(3));
        il.Emit(OpCodes.Br, join);
        il.MarkLabel(otherwise);
        if (random.Next(2) == 0)
        {
            kernel.Line("else");
            block(together && uniform, 1 + random.Next(3));
        }

        kernel.Line("end if");
        il.MarkLabel(join);
    }

    /// <summary>A switch over three cases and what is left; a case may go on into the next.</summary>
    public void Switch(bool together)
    {
        var uniform = random.Next(4) == 0;
        var cases = new[] { il.DefineLabel(), il.DefineLabel(), il.DefineLabel() };
        var end = il.DefineLabel();
        var value = "n";
        if (uniform)
        {
            il.Emit(OpCodes.Ldarg, (short)5);
        }
        else
        {
            value = integers.Int(2);
        }

        il.Emit(OpCodes.Ldc_I4_3);
        il.Emit(OpCodes.And);
        il.Emit(OpCodes.Switch, cases);
        kernel.Line($"switch (({value}) & 3)");
        block(together && uniform, 1);
        il.Emit(OpCodes.Br, end);
        for (var k = 0; k < cases.Length; k++)
        {
            il.MarkLabel(cases[k]);
            kernel.Line($"case {k}");
            block(together && uniform, 1 + random.Next(2));
            if (random.Next(3) > 0)
            {
                kernel.Line("break");
                il.Emit(OpCodes.Br, end);
            }
        }

        kernel.Line("end switch");
        il.MarkLabel(end);
    }

    public void For(bool together)
    {
        var counter = il.DeclareLocal(typeof(int));
        var bound = il.DeclareLocal(typeof(int));
        var head = il.DefineLabel();
        var loop = new OpenLoop(il.DefineLabel(), il.DefineLabel(), false);
        var kind = random.Next(3);
        string limit;
        if (kind == 0)
        {
            var constant = 1 + random.Next(5);
            il.Emit(OpCodes.Ldc_I4, constant);
            limit = KernelWriter.Number(constant);
        }
        else
        {
            limit = "n";
            if (kind == 1)
            {
                il.Emit(OpCodes.Ldarg, (short)5);
            }
            else
            {
                limit = integers.Int(1);
            }

            il.Emit(OpCodes.Ldc_I4_3);
            il.Emit(OpCodes.And);
            limit = $"({limit}) & 3";
        }

        il.Emit(OpCodes.Stloc, bound);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, counter);
        kernel.Line($"for (c{kernel.Counters.Count} = 0; c{kernel.Counters.Count} < {limit}; c{kernel.Counters.Count}++)");
        il.MarkLabel(head);
        il.Emit(OpCodes.Ldloc, counter);
        il.Emit(OpCodes.Ldloc, bound);
        il.Emit(OpCodes.Bge, loop.Break);
        Trip(loop with { Together = together && kind < 2 }, counter, 1 + random.Next(4));
        il.Emit(OpCodes.Br, head);
        il.MarkLabel(loop.Break);
        kernel.Line("end for");
    }

    public void DoWhile()
    {
        var counter = il.DeclareLocal(typeof(int));
        var head = il.DefineLabel();
        var loop = new OpenLoop(il.DefineLabel(), il.DefineLabel(), false);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, counter);
        kernel.Line("do");
        il.MarkLabel(head);
        Trip(loop, counter, 1 + random.Next(2));
        il.Emit(OpCodes.Ldloc, counter);
        il.Emit(OpCodes.Ldc_I4_4);
        il.Emit(OpCodes.Bge, loop.Break);
        Branch(loop.Break, "while at most 4 times");
        il.Emit(OpCodes.Br, head);
        il.MarkLabel(loop.Break);
    }

    /// <summary>Breaks out of a loop, goes on with its next trip or returns, under a condition.</summary>
    /// <returns>Whether it may: threads must stay together where a barrier may follow.</returns>
    public bool Leave()
    {
        var free = kernel.Kind == KernelKind.Independent;
        if (!free && (kernel.Loops.Count == 0 || kernel.Loops.Peek().Together))
        {
            return false;
        }

        var stay = il.DefineLabel();
        var choice = random.Next(kernel.Loops.Count > 0 ? 6 : 1);
        if (!free)
        {
            choice = 1 + (choice % 4);
        }

        var (target, keyword) = choice switch
        {
            0 => (kernel.End, "return if"),
            1 or 2 => (kernel.Loops.Peek().Break, "break if"),
            3 or 4 => (kernel.Loops.Peek().Continue, "continue if"),
            _ => (kernel.Loops.Last().Break, "break out of the outermost loop if"),
        };
        Branch(stay, keyword);
        il.Emit(OpCodes.Br, target);
        il.MarkLabel(stay);
        return true;
    }

    private void Trip(OpenLoop loop, LocalBuilder counter, int statements)
    {
        kernel.Loops.Push(loop);
        kernel.Counters.Add(counter);
        block(loop.Together, statements);
        kernel.Counters.RemoveAt(kernel.Counters.Count - 1);
        kernel.Loops.Pop();
        il.MarkLabel(loop.Continue);
        il.Emit(OpCodes.Ldloc, counter);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, counter);
    }

    /// <summary>Jumps unless a condition holds that is the same for all threads.</summary>
    private void BranchTogether(Label unless, string keyword)
    {
        var bound = random.Next(200);
        kernel.Line($"{keyword} (n > {bound})");
        il.Emit(OpCodes.Ldarg, (short)5);
        il.Emit(OpCodes.Ldc_I4, bound);
        il.Emit(OpCodes.Ble, unless);
    }

    /// <summary>Jumps unless a random condition holds.</summary>
    private void Branch(Label unless, string keyword)
    {
        var comparison = random.Next(6);
        var type = random.Next(9);
        string left, right;
        if (type == 8)
        {
            (left, right) = floats.Halves.Compare(comparison);
            il.Emit(OpCodes.Brfalse, unless);
            kernel.Line($"{keyword} ({left} {ConditionOperators[comparison]} {right})");
            return;
        }

        if (type < 4)
        {
            // Negated comparisons of floats are unordered, as C# compiles them; they have the opcodes of unsigned integers.
            (left, right) = (floats.Float(2), floats.Float(1));
        }
        else if (type == 4)
        {
            (left, right) = (integers.Long(2), integers.Long(1));
        }
        else
        {
            (left, right) = (integers.Int(2), integers.Int(1));
        }

        var unsigned = type is < 4 or > 6 or 4;
        il.Emit(
            comparison switch
            {
                0 => unsigned ? OpCodes.Bge_Un : OpCodes.Bge,
                1 => unsigned ? OpCodes.Bgt_Un : OpCodes.Bgt,
                2 => unsigned ? OpCodes.Ble_Un : OpCodes.Ble,
                3 => unsigned ? OpCodes.Blt_Un : OpCodes.Blt,
                4 => OpCodes.Bne_Un,
                _ => OpCodes.Beq,
            },
            unless);
        kernel.Line($"{keyword} ({left} {ConditionOperators[comparison]}{(type >= 4 && unsigned ? "u" : string.Empty)} {right})");
    }
}
