using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Text;
using ILGPU;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>What random kernels may do beyond computing.</summary>
internal enum KernelKind
{
    /// <summary>Threads that know nothing of each other: any of them may leave at any time.</summary>
    Independent,

    /// <summary>Threads that meet at barriers and exchange values through shared memory.</summary>
    Barriers,

    /// <summary>Threads that exchange values inside of warps too; groups are whole warps at every width.</summary>
    Warps,
}

/// <summary>A loop that is being written.</summary>
/// <param name="Break">Where it goes on after it.</param>
/// <param name="Continue">Where its next trip begins.</param>
/// <param name="Together">Whether all threads of a group make the same trips, so that it may hold barriers.</param>
internal readonly record struct OpenLoop(Label Break, Label Continue, bool Together);

/// <summary>The kernel that is being written: its IL, the same as text, its variables, and where it stands.</summary>
internal sealed class KernelWriter
{
    /// <summary>Variables of each type.</summary>
    public const int Variables = 4;

    /// <summary>Elements of each local array.</summary>
    public const int LocalLength = 4;

    private const int SharedLength = 64;

    private readonly StringBuilder text;
    private int depth;
    private int silence;

    public KernelWriter(int seed, ILGenerator il, StringBuilder text)
    {
        Random = new Random(seed);
        IL = il;
        this.text = text;
        Kind = KernelGenerator.KindOf(seed);
        for (var k = 0; k < Variables; k++)
        {
            Ints[k] = il.DeclareLocal(typeof(int));
            Floats[k] = il.DeclareLocal(typeof(float));
            Longs[k] = il.DeclareLocal(typeof(long));
        }

        Thread = il.DeclareLocal(typeof(int));
        Lane = il.DeclareLocal(typeof(int));
        Size = il.DeclareLocal(typeof(int));
        FloatArray = il.DeclareLocal(typeof(float[]));
        IntArray = il.DeclareLocal(typeof(int[]));
        ByteArray = il.DeclareLocal(typeof(byte[]));
        ShortArray = il.DeclareLocal(typeof(short[]));
        FloatTile = il.DeclareLocal(typeof(ArrayView<float>));
        IntTile = il.DeclareLocal(typeof(ArrayView<int>));
        End = il.DefineLabel();
    }

    public Random Random { get; }

    public ILGenerator IL { get; }

    public KernelKind Kind { get; }

    public LocalBuilder[] Ints { get; } = new LocalBuilder[Variables];

    public LocalBuilder[] Floats { get; } = new LocalBuilder[Variables];

    public LocalBuilder[] Longs { get; } = new LocalBuilder[Variables];

    /// <summary>Gets the local with the thread's number in the grid.</summary>
    public LocalBuilder Thread { get; }

    /// <summary>Gets the local with the thread's linear number in its group.</summary>
    public LocalBuilder Lane { get; }

    /// <summary>Gets the local with the number of threads of a group.</summary>
    public LocalBuilder Size { get; }

    public LocalBuilder FloatArray { get; }

    public LocalBuilder IntArray { get; }

    public LocalBuilder ByteArray { get; }

    public LocalBuilder ShortArray { get; }

    public LocalBuilder FloatTile { get; }

    public LocalBuilder IntTile { get; }

    /// <summary>Gets where the kernel ends.</summary>
    public Label End { get; }

    /// <summary>Gets the loops around the place that is being written, the innermost first.</summary>
    public Stack<OpenLoop> Loops { get; } = new();

    /// <summary>Gets the counters of these loops, the outermost first.</summary>
    public List<LocalBuilder> Counters { get; } = [];

    /// <summary>Writes what every kernel begins with: numbers of the thread, arrays, and inputs, so that threads differ from the start.</summary>
    public void Prologue()
    {
        ThreadNumbers();
        Array(FloatArray, typeof(float));
        Array(IntArray, typeof(int));
        Array(ByteArray, typeof(byte));
        Array(ShortArray, typeof(short));
        if (Kind != KernelKind.Independent)
        {
            Shared(FloatTile, typeof(float));
            Shared(IntTile, typeof(int));
        }

        for (var k = 0; k < Variables; k++)
        {
            var offset = k * 64;
            Line($"i{k} = i[thread + {offset}]; f{k} = a[thread + {offset}]; l{k} = i{k}");
            LoadElement(2, () => ThreadPlus(offset));
            IL.Emit(OpCodes.Stloc, Ints[k]);
            LoadElement(0, () => ThreadPlus(offset));
            IL.Emit(OpCodes.Stloc, Floats[k]);
            IL.Emit(OpCodes.Ldloc, Ints[k]);
            IL.Emit(OpCodes.Conv_I8);
            IL.Emit(OpCodes.Stloc, Longs[k]);
        }
    }

    /// <summary>Writes what every kernel ends with: its variables go to the slots of its thread.</summary>
    public void Epilogue()
    {
        for (var k = 0; k < Variables; k++)
        {
            var variable = k;
            Store(3, k, () => IL.Emit(OpCodes.Ldloc, Floats[variable]), OpCodes.Stind_R4);
            Line($"x[slot {k}] = f{k}");
            Store(4, k, () => Digest(variable), OpCodes.Stind_I4);
            Line($"y[slot {k}] = i{k} ^ (int)l{k} ^ (int)(l{k} >> 32)");
        }

        IL.MarkLabel(End);
        IL.Emit(OpCodes.Ret);
    }

    /// <summary>Writes statements one step further in.</summary>
    public void Indent(Action statements)
    {
        depth++;
        statements();
        depth--;
    }

    public int Depth => depth;

    /// <summary>Writes what is jumped over. It is written all the same, so that the random numbers of what follows stay the same.</summary>
    public void Skip(Action statement)
    {
        var after = IL.DefineLabel();
        IL.Emit(OpCodes.Br, after);
        silence++;
        statement();
        silence--;
        IL.MarkLabel(after);
    }

    /// <summary>Stores to one of the thread's own slots of x (argument 3) or y (4).</summary>
    public void Store(short view, int slot, Action value, OpCode store)
    {
        LoadArgumentAddress(view, () =>
        {
            IL.Emit(OpCodes.Ldloc, Thread);
            IL.Emit(OpCodes.Ldc_I4, KernelGenerator.SlotsPerThread);
            IL.Emit(OpCodes.Mul);
            IL.Emit(OpCodes.Ldc_I4, slot);
            IL.Emit(OpCodes.Add);
        });
        value();
        IL.Emit(store);
    }

    /// <summary>Loads an element of a (argument 0), b (1) or i (2).</summary>
    public void LoadElement(int view, Action index)
    {
        LoadArgumentAddress((short)view, index);
        IL.Emit(view == 2 ? OpCodes.Ldind_I4 : OpCodes.Ldind_R4);
    }

    /// <summary>Pushes the address of an element of a view that is seen as one of other elements: of a (0), b (1) or y (4).</summary>
    public void LoadCastAddress(short view, Type element, Action index)
    {
        var cast = IL.DeclareLocal(typeof(ArrayView<>).MakeGenericType(element));
        IL.Emit(OpCodes.Ldarga, view);
        IL.Emit(OpCodes.Call, (view == 4 ? typeof(ArrayView<int>) : typeof(ArrayView<float>)).GetMethod("Cast")!.MakeGenericMethod(element));
        IL.Emit(OpCodes.Stloc, cast);
        IL.Emit(OpCodes.Ldloca, cast);
        index();
        IL.Emit(OpCodes.Call, Item(cast.LocalType));
    }

    /// <summary>Pushes the address of a shared array's element.</summary>
    public void LoadTileAddress(LocalBuilder tile, Action index)
    {
        IL.Emit(OpCodes.Ldloca, tile);
        index();
        IL.Emit(OpCodes.Call, Item(tile.LocalType));
    }

    public void ThreadPlus(int offset)
    {
        IL.Emit(OpCodes.Ldloc, Thread);
        IL.Emit(OpCodes.Ldc_I4, offset);
        IL.Emit(OpCodes.Add);
    }

    public void Call(Type type, string method, params Type[] parameters) => IL.Emit(OpCodes.Call, type.GetMethod(method, parameters)!);

    public void Property(Type type, string property) => IL.Emit(OpCodes.Call, type.GetProperty(property)!.GetMethod!);

    public void Line(string line)
    {
        if (silence == 0)
        {
            text.Append(' ', depth * 2).AppendLine(line);
        }
    }

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static MethodInfo Item(Type view) => view.GetProperty("Item", [typeof(int)])!.GetMethod!;

    private void ThreadNumbers()
    {
        // lane = (z * dimY + y) * dimX + x
        Property(typeof(Group), nameof(Group.IdxZ));
        Property(typeof(Group), nameof(Group.DimY));
        IL.Emit(OpCodes.Mul);
        Property(typeof(Group), nameof(Group.IdxY));
        IL.Emit(OpCodes.Add);
        Property(typeof(Group), nameof(Group.DimX));
        IL.Emit(OpCodes.Mul);
        Property(typeof(Group), nameof(Group.IdxX));
        IL.Emit(OpCodes.Add);
        IL.Emit(OpCodes.Stloc, Lane);
        Property(typeof(Group), nameof(Group.DimX));
        Property(typeof(Group), nameof(Group.DimY));
        IL.Emit(OpCodes.Mul);
        Property(typeof(Group), nameof(Group.DimZ));
        IL.Emit(OpCodes.Mul);
        IL.Emit(OpCodes.Stloc, Size);
        Property(typeof(Grid), nameof(Grid.IdxX));
        IL.Emit(OpCodes.Ldloc, Size);
        IL.Emit(OpCodes.Mul);
        IL.Emit(OpCodes.Ldloc, Lane);
        IL.Emit(OpCodes.Add);
        IL.Emit(OpCodes.Stloc, Thread);
    }

    private void Array(LocalBuilder local, Type element)
    {
        IL.Emit(OpCodes.Ldc_I4, LocalLength);
        IL.Emit(OpCodes.Newarr, element);
        IL.Emit(OpCodes.Stloc, local);
    }

    private void Shared(LocalBuilder local, Type element)
    {
        var allocate = typeof(SharedMemory).GetMethods().Single(method => method.Name == "Allocate" && method.GetParameters().Length == 1);
        IL.Emit(OpCodes.Ldc_I4, SharedLength);
        IL.Emit(OpCodes.Call, allocate.MakeGenericMethod(element));
        IL.Emit(OpCodes.Stloc, local);
    }

    private void Digest(int variable)
    {
        IL.Emit(OpCodes.Ldloc, Ints[variable]);
        IL.Emit(OpCodes.Ldloc, Longs[variable]);
        IL.Emit(OpCodes.Conv_I4);
        IL.Emit(OpCodes.Xor);
        IL.Emit(OpCodes.Ldloc, Longs[variable]);
        IL.Emit(OpCodes.Ldc_I4, 32);
        IL.Emit(OpCodes.Shr);
        IL.Emit(OpCodes.Conv_I4);
        IL.Emit(OpCodes.Xor);
    }

    private void LoadArgumentAddress(short view, Action index)
    {
        IL.Emit(OpCodes.Ldarga, view);
        index();
        IL.Emit(OpCodes.Call, Item(view is 2 or 4 ? typeof(ArrayView<int>) : typeof(ArrayView<float>)));
    }
}
