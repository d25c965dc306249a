using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Loader;
using System.Text;
using ILGPU;

namespace Engine.Compute.Tests.Oracle;

/// <summary>
/// Writes random kernels: branches, loops, breaks and returns inside of each other, gathers and scatters to a thread's own slots,
/// local arrays, and rounds through shared memory where all threads are together. What ILGPU's IR builder computes otherwise than
/// .NET is left out: chained float constants, divisions by powers of two, conversions out of range.
/// </summary>
internal sealed class KernelGenerator
{
    /// <summary>Slots of x and y that each thread owns.</summary>
    public const int SlotsPerThread = 4;

    private const int Variables = 4;
    private const int LocalLength = 4;
    private const int SharedLength = 64;

    private static readonly string[] ConditionOperators = ["<", "<=", ">", ">=", "==", "!="];

    private readonly Random random;
    private readonly ILGenerator il;
    private readonly StringBuilder text;
    private readonly LocalBuilder[] ints = new LocalBuilder[Variables];
    private readonly LocalBuilder[] floats = new LocalBuilder[Variables];
    private readonly LocalBuilder thread;
    private readonly LocalBuilder array;
    private readonly LocalBuilder tile;
    private readonly Label end;
    private readonly bool withBarriers;
    private readonly IReadOnlySet<int> skipped;
    private readonly Stack<(Label Break, Label Continue)> loops = new();
    private readonly List<LocalBuilder> counters = [];
    private int budget = MaxStatements;
    private int depth;
    private int silence;

    private KernelGenerator(int seed, IReadOnlySet<int> skipped, ILGenerator il, StringBuilder text)
    {
        random = new Random(seed);
        this.skipped = skipped;
        this.il = il;
        this.text = text;
        withBarriers = random.Next(3) == 0;
        for (var k = 0; k < Variables; k++)
        {
            ints[k] = il.DeclareLocal(typeof(int));
            floats[k] = il.DeclareLocal(typeof(float));
        }

        thread = il.DeclareLocal(typeof(int));
        array = il.DeclareLocal(typeof(float[]));
        tile = il.DeclareLocal(typeof(ArrayView<float>));
        end = il.DefineLabel();
    }

    /// <summary>Most statements of a kernel.</summary>
    public const int MaxStatements = 40;

    /// <summary>Writes a kernel.</summary>
    /// <param name="seed">Chooses the kernel.</param>
    /// <param name="skipped">Statements that are jumped over, by their numbers.</param>
    /// <param name="source">The kernel as text, for a person who looks at a failure.</param>
    /// <returns>The kernel's method, of the signature of <see cref="OracleKernel"/>.</returns>
    public static MethodInfo Generate(int seed, IReadOnlySet<int> skipped, out string source)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"Generated{seed}");
        var assembly = new PersistedAssemblyBuilder(new AssemblyName(name), typeof(object).Assembly);
        var type = assembly.DefineDynamicModule(name).DefineType(name, TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        var view = typeof(ArrayView<float>);
        var method = type.DefineMethod(
            "Kernel", MethodAttributes.Public | MethodAttributes.Static, typeof(void), [view, view, typeof(ArrayView<int>), view, typeof(ArrayView<int>), typeof(int), typeof(float)]);
        var text = new StringBuilder();
        new KernelGenerator(seed, skipped, method.GetILGenerator(), text).Body();
        type.CreateType();
        source = text.ToString();
        using var stream = new MemoryStream();
        assembly.Save(stream);
        stream.Position = 0;
        return new AssemblyLoadContext(name).LoadFromStream(stream).GetType(name)!.GetMethod("Kernel")!;
    }

    private void Body()
    {
        Call(typeof(Grid), nameof(Grid.IdxX));
        Call(typeof(Group), nameof(Group.DimX));
        il.Emit(OpCodes.Mul);
        Call(typeof(Group), nameof(Group.IdxX));
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, thread);
        il.Emit(OpCodes.Ldc_I4, LocalLength);
        il.Emit(OpCodes.Newarr, typeof(float));
        il.Emit(OpCodes.Stloc, array);
        if (withBarriers)
        {
            il.Emit(OpCodes.Ldc_I4, SharedLength);
            il.Emit(OpCodes.Call, typeof(SharedMemory).GetMethods().Single(m => m.Name == "Allocate" && m.GetParameters().Length == 1).MakeGenericMethod(typeof(float)));
            il.Emit(OpCodes.Stloc, tile);
        }

        // Inputs of this thread, so that threads differ from the start.
        for (var k = 0; k < Variables; k++)
        {
            il.Emit(OpCodes.Ldloc, thread);
            il.Emit(OpCodes.Ldc_I4, k * 64);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Stloc, ints[k]);
            Line($"i{k} = i[thread + {k * 64}]; f{k} = a[thread + {k * 64}]");
            LoadElement(2, () => il.Emit(OpCodes.Ldloc, ints[k]));
            LoadElement(0, () => il.Emit(OpCodes.Ldloc, ints[k]));
            il.Emit(OpCodes.Stloc, floats[k]);
            il.Emit(OpCodes.Stloc, ints[k]);
        }

        Block(uniform: true, statements: 4 + random.Next(5));
        for (var k = 0; k < Variables; k++)
        {
            Store(3, k, () => il.Emit(OpCodes.Ldloc, floats[k]), OpCodes.Stind_R4, $"f{k}");
            Store(4, k, () => il.Emit(OpCodes.Ldloc, ints[k]), OpCodes.Stind_I4, $"i{k}");
        }

        il.MarkLabel(end);
        il.Emit(OpCodes.Ret);
    }

    private void Block(bool uniform, int statements)
    {
        depth++;
        for (var k = 0; k < statements && budget > 0; k++)
        {
            Statement(uniform);
        }

        depth--;
    }

    private void Statement(bool uniform)
    {
        if (!skipped.Contains(MaxStatements - budget))
        {
            EmitStatement(uniform);
            return;
        }

        // The statement is written all the same, so that the random numbers of what follows stay the same.
        var after = il.DefineLabel();
        il.Emit(OpCodes.Br, after);
        silence++;
        EmitStatement(uniform);
        silence--;
        il.MarkLabel(after);
    }

    private void EmitStatement(bool uniform)
    {
        budget--;
        switch (random.Next(depth < 4 ? 13 : 7))
        {
            case 0 or 1:
                var target = random.Next(Variables);
                Line($"i{target} = {Int(3)}");
                il.Emit(OpCodes.Stloc, ints[target]);
                break;
            case 2 or 3:
                target = random.Next(Variables);
                Line($"f{target} = {Float(3)}");
                il.Emit(OpCodes.Stloc, floats[target]);
                break;
            case 4:
                StoreOwnSlot();
                break;
            case 5:
                StoreLocal();
                break;
            case 6:
                Leave();
                break;
            case 7 or 8 or 9:
                If(uniform);
                break;
            case 10 or 11:
                Loop(uniform);
                break;
            default:
                if (withBarriers && uniform)
                {
                    ShareRound();
                }
                else
                {
                    DoWhile();
                }

                break;
        }
    }

    private void If(bool uniform)
    {
        var otherwise = il.DefineLabel();
        var join = il.DefineLabel();
        var uniformCondition = random.Next(4) == 0;
        if (uniformCondition)
        {
            var bound = random.Next(200);
            Line($"if (n > {bound})");
            il.Emit(OpCodes.Ldarg, (short)5);
            il.Emit(OpCodes.Ldc_I4, bound);
            il.Emit(OpCodes.Ble, otherwise);
        }
        else
        {
            Branch(otherwise, "if");
        }

        Block(uniform && uniformCondition, 1 + random.Next(3));
        il.Emit(OpCodes.Br, join);
        il.MarkLabel(otherwise);
        if (random.Next(2) == 0)
        {
            Line("else");
            Block(uniform && uniformCondition, 1 + random.Next(3));
        }

        Line("end if");
        il.MarkLabel(join);
    }

    private void Loop(bool uniform)
    {
        var counter = il.DeclareLocal(typeof(int));
        var bound = il.DeclareLocal(typeof(int));
        var head = il.DefineLabel();
        var next = il.DefineLabel();
        var leave = il.DefineLabel();
        var kind = random.Next(3);
        string limit;
        switch (kind)
        {
            case 0:
                var constant = 1 + random.Next(5);
                il.Emit(OpCodes.Ldc_I4, constant);
                limit = $"{constant}";
                break;
            case 1:
                il.Emit(OpCodes.Ldarg, (short)5);
                il.Emit(OpCodes.Ldc_I4, 3);
                il.Emit(OpCodes.And);
                limit = "n & 3";
                break;
            default:
                limit = $"({Int(1)}) & 3";
                il.Emit(OpCodes.Ldc_I4, 3);
                il.Emit(OpCodes.And);
                break;
        }

        il.Emit(OpCodes.Stloc, bound);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, counter);
        Line($"for (c{counters.Count} = 0; c{counters.Count} < {limit}; c{counters.Count}++)");
        il.MarkLabel(head);
        il.Emit(OpCodes.Ldloc, counter);
        il.Emit(OpCodes.Ldloc, bound);
        il.Emit(OpCodes.Bge, leave);
        counters.Add(counter);
        loops.Push((leave, next));

        // A loop with a barrier must not be left by some threads only: `Leave` looks at this.
        Block(uniform && kind < 2, 1 + random.Next(4));
        loops.Pop();
        counters.RemoveAt(counters.Count - 1);
        il.MarkLabel(next);
        il.Emit(OpCodes.Ldloc, counter);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, counter);
        il.Emit(OpCodes.Br, head);
        il.MarkLabel(leave);
        Line("end for");
    }

    private void DoWhile()
    {
        var counter = il.DeclareLocal(typeof(int));
        var head = il.DefineLabel();
        var leave = il.DefineLabel();
        var next = il.DefineLabel();
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, counter);
        Line("do");
        il.MarkLabel(head);
        loops.Push((leave, next));
        counters.Add(counter);
        Block(uniform: false, 1 + random.Next(2));
        counters.RemoveAt(counters.Count - 1);
        loops.Pop();
        il.MarkLabel(next);
        il.Emit(OpCodes.Ldloc, counter);
        il.Emit(OpCodes.Ldc_I4_1);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, counter);
        il.Emit(OpCodes.Ldloc, counter);
        il.Emit(OpCodes.Ldc_I4_4);
        il.Emit(OpCodes.Bge, leave);
        Branch(leave, "while at most 4 times");
        il.Emit(OpCodes.Br, head);
        il.MarkLabel(leave);
    }

    /// <summary>Breaks, continues or returns under a condition, unless threads must stay together for barriers.</summary>
    private void Leave()
    {
        if (withBarriers)
        {
            StoreOwnSlot();
            return;
        }

        var stay = il.DefineLabel();
        var choice = random.Next(loops.Count > 0 ? 5 : 1);
        Branch(stay, choice == 0 ? "return if" : choice < 3 ? "break if" : "continue if");
        il.Emit(OpCodes.Br, choice == 0 ? end : choice < 3 ? loops.Peek().Break : loops.Peek().Continue);
        il.MarkLabel(stay);
    }

    private void StoreOwnSlot()
    {
        var slot = random.Next(SlotsPerThread);
        if (random.Next(2) == 0)
        {
            var value = string.Empty;
            Store(3, slot, () => value = Float(2), OpCodes.Stind_R4, null);
            Line($"x[slot {slot}] = {value}");
        }
        else
        {
            var value = string.Empty;
            Store(4, slot, () => value = Int(2), OpCodes.Stind_I4, null);
            Line($"y[slot {slot}] = {value}");
        }
    }

    private void StoreLocal()
    {
        il.Emit(OpCodes.Ldloc, array);
        var index = LocalIndex();
        var value = Float(2);
        il.Emit(OpCodes.Stelem_R4);
        Line($"local[{index}] = {value}");
    }

    private string LocalIndex()
    {
        if (random.Next(2) == 0)
        {
            var constant = random.Next(LocalLength);
            il.Emit(OpCodes.Ldc_I4, constant);
            return $"{constant}";
        }

        var index = Int(1);
        il.Emit(OpCodes.Ldc_I4, LocalLength - 1);
        il.Emit(OpCodes.And);
        return $"({index}) & {LocalLength - 1}";
    }

    private void ShareRound()
    {
        var shift = random.Next(16);
        var target = random.Next(Variables);
        LoadAddress(tile, () => Call(typeof(Group), nameof(Group.IdxX)));
        var value = Float(2);
        il.Emit(OpCodes.Stind_R4);
        Barrier();
        LoadAddress(tile, () =>
        {
            Call(typeof(Group), nameof(Group.IdxX));
            il.Emit(OpCodes.Ldc_I4, shift);
            il.Emit(OpCodes.Add);
            Call(typeof(Group), nameof(Group.DimX));
            il.Emit(OpCodes.Rem);
        });
        il.Emit(OpCodes.Ldind_R4);
        il.Emit(OpCodes.Stloc, floats[target]);
        Barrier();
        Line($"tile[lane] = {value}; barrier; f{target} = tile[(lane + {shift}) % size]; barrier");
    }

    private void Barrier() => il.Emit(OpCodes.Call, typeof(Group).GetMethod(nameof(Group.Barrier))!);

    /// <summary>Jumps to a label unless a random condition holds.</summary>
    private void Branch(Label unless, string keyword)
    {
        var comparison = random.Next(6);
        string left, right;
        OpCode jump;
        if (random.Next(2) == 0)
        {
            left = Int(2);
            right = Int(1);
            jump = comparison switch
            {
                0 => OpCodes.Bge,
                1 => OpCodes.Bgt,
                2 => OpCodes.Ble,
                3 => OpCodes.Blt,
                4 => OpCodes.Bne_Un,
                _ => OpCodes.Beq,
            };
        }
        else
        {
            // Negated comparisons of floats are unordered, as C# compiles them.
            left = Float(2);
            right = Float(1);
            jump = comparison switch
            {
                0 => OpCodes.Bge_Un,
                1 => OpCodes.Bgt_Un,
                2 => OpCodes.Ble_Un,
                3 => OpCodes.Blt_Un,
                4 => OpCodes.Bne_Un,
                _ => OpCodes.Beq,
            };
        }

        il.Emit(jump, unless);
        Line($"{keyword} ({left} {ConditionOperators[comparison]} {right})");
    }

    private string Int(int levels)
    {
        switch (random.Next(levels > 0 ? 12 : 5))
        {
            case 0:
                var constant = random.Next(-20, 100);
                il.Emit(OpCodes.Ldc_I4, constant);
                return $"{constant}";
            case 1 when counters.Count > 0:
                var counter = random.Next(counters.Count);
                il.Emit(OpCodes.Ldloc, counters[counter]);
                return $"c{counter}";
            case 2:
                il.Emit(OpCodes.Ldloc, thread);
                return "thread";
            case 3:
                il.Emit(OpCodes.Ldarg, (short)5);
                return "n";
            case <= 5:
                var variable = random.Next(Variables);
                il.Emit(OpCodes.Ldloc, ints[variable]);
                return $"i{variable}";
            case 6:
                var index = string.Empty;
                LoadElement(2, () => index = Index(levels - 1));
                return $"i[{index}]";
            case 7:
                // A divisor between 3 and 9, never a constant: signed division by powers of two is not .NET's in ILGPU.
                var dividend = Int(levels - 1);
                var divisor = Int(0);
                il.Emit(OpCodes.Ldc_I4, 6);
                il.Emit(OpCodes.And);
                il.Emit(OpCodes.Ldc_I4_3);
                il.Emit(OpCodes.Add);
                var rem = random.Next(2) == 0;
                il.Emit(rem ? OpCodes.Rem : OpCodes.Div);
                return $"(({dividend}) {(rem ? '%' : '/')} ((({divisor}) & 6) + 3))";
            case 8:
                var shifted = Int(levels - 1);
                var by = 1 + random.Next(6);
                il.Emit(OpCodes.Ldc_I4, by);
                var left = random.Next(2) == 0;
                il.Emit(left ? OpCodes.Shl : OpCodes.Shr);
                return $"(({shifted}) {(left ? "<<" : ">>")} {by})";
            case 9:
                var first = Int(levels - 1);
                var second = Int(levels - 1);
                var min = random.Next(2) == 0;
                il.Emit(OpCodes.Call, typeof(Math).GetMethod(min ? nameof(Math.Min) : nameof(Math.Max), [typeof(int), typeof(int)])!);
                return $"{(min ? "min" : "max")}({first}, {second})";
            default:
                var a = Int(levels - 1);
                var b = Int(levels - 1);
                var (code, symbol) = random.Next(6) switch
                {
                    0 => (OpCodes.Sub, "-"),
                    1 => (OpCodes.Mul, "*"),
                    2 => (OpCodes.And, "&"),
                    3 => (OpCodes.Or, "|"),
                    4 => (OpCodes.Xor, "^"),
                    _ => (OpCodes.Add, "+"),
                };
                il.Emit(code);
                return $"({a} {symbol} {b})";
        }
    }

    private string Float(int levels)
    {
        switch (random.Next(levels > 0 ? 11 : 4))
        {
            case 0:
                il.Emit(OpCodes.Ldarg, (short)6);
                return "s";
            case 1 or 2 or 3:
                var variable = random.Next(Variables);
                il.Emit(OpCodes.Ldloc, floats[variable]);
                return $"f{variable}";
            case 4:
                var input = random.Next(2);
                var index = string.Empty;
                LoadElement(input, () => index = Index(levels - 1));
                return $"{(input == 0 ? 'a' : 'b')}[{index}]";
            case 5:
                var number = Int(levels - 1);
                il.Emit(OpCodes.Ldc_I4, 0xffff);
                il.Emit(OpCodes.And);
                il.Emit(OpCodes.Conv_R4);
                return $"(float)({number} & 0xffff)";
            case 6:
                il.Emit(OpCodes.Ldloc, array);
                var local = LocalIndex();
                il.Emit(OpCodes.Ldelem_R4);
                return $"local[{local}]";
            case 7:
                var root = Float(levels - 1);
                il.Emit(OpCodes.Call, typeof(MathF).GetMethod(nameof(MathF.Abs), [typeof(float)])!);
                return $"abs({root})";
            default:
                var a = Float(levels - 1);
                var b = Float(levels - 1);
                var (code, symbol) = random.Next(7) switch
                {
                    0 or 1 => (OpCodes.Sub, "-"),
                    2 or 3 => (OpCodes.Mul, "*"),
                    4 => (OpCodes.Div, "/"),
                    _ => (OpCodes.Add, "+"),
                };
                il.Emit(code);
                return $"({a} {symbol} {b})";
        }
    }

    /// <summary>An index into the inputs: anything, cut to their length.</summary>
    private string Index(int levels)
    {
        if (random.Next(3) == 0)
        {
            il.Emit(OpCodes.Ldloc, thread);
            var offset = random.Next(300);
            il.Emit(OpCodes.Ldc_I4, offset);
            il.Emit(OpCodes.Add);
            return $"thread + {offset}";
        }

        var index = Int(Math.Max(levels, 0));
        il.Emit(OpCodes.Ldc_I4, OracleLaunch.Length - 1);
        il.Emit(OpCodes.And);
        return $"({index}) & {OracleLaunch.Length - 1}";
    }

    private void Store(short view, int slot, Action value, OpCode store, string? shown)
    {
        LoadArgumentAddress(view, () =>
        {
            il.Emit(OpCodes.Ldloc, thread);
            il.Emit(OpCodes.Ldc_I4, SlotsPerThread);
            il.Emit(OpCodes.Mul);
            il.Emit(OpCodes.Ldc_I4, slot);
            il.Emit(OpCodes.Add);
        });
        value();
        il.Emit(store);
        if (shown is not null)
        {
            Line($"{(view == 3 ? 'x' : 'y')}[slot {slot}] = {shown}");
        }
    }

    private void LoadElement(int view, Action index)
    {
        LoadArgumentAddress((short)view, index);
        il.Emit(view == 2 ? OpCodes.Ldind_I4 : OpCodes.Ldind_R4);
    }

    private void LoadArgumentAddress(short view, Action index)
    {
        il.Emit(OpCodes.Ldarga, view);
        index();
        il.Emit(OpCodes.Call, Item(view is 2 or 4 ? typeof(ArrayView<int>) : typeof(ArrayView<float>)));
    }

    private void LoadAddress(LocalBuilder view, Action index)
    {
        il.Emit(OpCodes.Ldloca, view);
        index();
        il.Emit(OpCodes.Call, Item(typeof(ArrayView<float>)));
    }

    private static MethodInfo Item(Type view) => view.GetProperty("Item", [typeof(int)])!.GetMethod!;

    private void Call(Type type, string property) => il.Emit(OpCodes.Call, type.GetProperty(property)!.GetMethod!);

    private void Line(string line)
    {
        if (silence == 0)
        {
            text.Append(' ', depth * 2).AppendLine(line);
        }
    }
}
