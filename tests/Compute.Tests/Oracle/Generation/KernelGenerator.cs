using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Loader;
using System.Text;
using ILGPU;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>
/// Writes random kernels: branches, switches, loops, breaks and returns inside of each other, integers of 8 to 64 bits, floats of three precisions, gathers and
/// scatters of elements of every size to a thread's own slots, local arrays, and exchanges between threads where all of them are together. What ILGPU's IR builder computes otherwise
/// than .NET is left out: chained float constants, divisions by powers of two, conversions of conversions without a sign, conversions out of range.
/// </summary>
internal sealed class KernelGenerator
{
    /// <summary>Slots of x and y that each thread owns.</summary>
    public const int SlotsPerThread = 4;

    /// <summary>Most statements of a kernel.</summary>
    public const int MaxStatements = 40;

    private const int MaxDepth = 4;

    private readonly KernelWriter kernel;
    private readonly IntegerExpressions integers;
    private readonly FloatExpressions floats;
    private readonly ControlFlowStatements controlFlow;
    private readonly ExchangeStatements exchanges;
    private readonly IReadOnlySet<int> skipped;
    private readonly Random random;
    private int written;

    private KernelGenerator(KernelWriter kernel, IReadOnlySet<int> skipped)
    {
        this.kernel = kernel;
        this.skipped = skipped;
        random = kernel.Random;
        integers = new IntegerExpressions(kernel);
        floats = new FloatExpressions(kernel, integers);
        controlFlow = new ControlFlowStatements(kernel, integers, floats, Block);
        exchanges = new ExchangeStatements(kernel, integers, floats);
    }

    /// <summary>What the kernel of a seed may do.</summary>
    public static KernelKind KindOf(int seed) => (seed % 6) switch
    {
        1 or 4 => KernelKind.Barriers,
        5 => KernelKind.Warps,
        _ => KernelKind.Independent,
    };

    /// <summary>The group with which the kernel of a seed is launched: whole vectors and parts of them, of one to three dimensions.</summary>
    public static Index3D GroupOf(int seed)
    {
        (int X, int Y, int Z)[] shapes = KindOf(seed) == KernelKind.Warps
            ? [(16, 1, 1), (32, 1, 1), (64, 1, 1), (8, 4, 1), (4, 4, 2)]
            : [(16, 1, 1), (32, 1, 1), (5, 1, 1), (24, 1, 1), (64, 1, 1), (8, 4, 1), (6, 2, 2), (16, 3, 1), (3, 5, 4)];
        var (x, y, z) = shapes[new Random(seed).Next(shapes.Length)];
        return new Index3D(x, y, z);
    }

    /// <summary>Writes a kernel.</summary>
    /// <param name="seed">Chooses the kernel.</param>
    /// <param name="skipped">Statements that are jumped over, by their numbers.</param>
    /// <param name="source">The kernel as text, for a person who looks at a failure.</param>
    /// <returns>The kernel's method, of the signature of <see cref="OracleKernel"/>.</returns>
    public static MethodInfo Generate(int seed, IReadOnlySet<int> skipped, out string source)
    {
        var name = $"Generated{KernelWriter.Number(seed)}";
        var assembly = new PersistedAssemblyBuilder(new AssemblyName(name), typeof(object).Assembly);
        var type = assembly.DefineDynamicModule(name).DefineType(name, TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        var view = typeof(ArrayView<float>);
        var method = type.DefineMethod(
            "Kernel", MethodAttributes.Public | MethodAttributes.Static, typeof(void), [view, view, typeof(ArrayView<int>), view, typeof(ArrayView<int>), typeof(int), typeof(float)]);
        var text = new StringBuilder();
        new KernelGenerator(new KernelWriter(seed, method.GetILGenerator(), text), skipped).Body();
        type.CreateType();
        source = text.ToString();
        using var stream = new MemoryStream();
        assembly.Save(stream);
        stream.Position = 0;
        return new AssemblyLoadContext(name).LoadFromStream(stream).GetType(name)!.GetMethod("Kernel")!;
    }

    private void Body()
    {
        kernel.Prologue();
        Block(together: true, statements: 4 + random.Next(5));
        kernel.Epilogue();
    }

    private void Block(bool together, int statements) => kernel.Indent(() =>
    {
        for (var k = 0; k < statements && written < MaxStatements; k++)
        {
            if (skipped.Contains(written++))
            {
                kernel.Skip(() => Statement(together));
            }
            else
            {
                Statement(together);
            }
        }
    });

    private void Statement(bool together)
    {
        // Rounds need all threads, who are together in few places: they come first.
        if (together && kernel.Kind != KernelKind.Independent && random.Next(3) == 0)
        {
            exchanges.Round();
            return;
        }

        switch (random.Next(kernel.Depth <= MaxDepth ? 16 : 9))
        {
            case 0 or 1:
                Assign(kernel.Ints, 'i', () => integers.Int(3));
                break;
            case 2 or 3:
                Assign(kernel.Floats, 'f', () => floats.Float(3));
                break;
            case 4:
                Assign(kernel.Longs, 'l', () => integers.Long(3));
                break;
            case 5:
                StoreOwnSlot();
                break;
            case 6:
                StoreLocal();
                break;
            case 7:
                if (!controlFlow.Leave())
                {
                    StoreOwnSlot();
                }

                break;
            case 8:
                integers.Memory.Store();
                break;
            case 9 or 10 or 11:
                controlFlow.If(together);
                break;
            case 12:
                controlFlow.Switch(together);
                break;
            case 13 or 14:
                controlFlow.For(together);
                break;
            default:
                controlFlow.DoWhile();
                break;
        }
    }

    private void Assign(LocalBuilder[] variables, char name, Func<string> value)
    {
        var target = random.Next(variables.Length);
        kernel.Line($"{name}{target} = {value()}");
        kernel.IL.Emit(OpCodes.Stloc, variables[target]);
    }

    private void StoreOwnSlot()
    {
        var slot = random.Next(SlotsPerThread);
        var value = string.Empty;
        var isFloat = random.Next(2) == 0;
        if (isFloat)
        {
            kernel.Store(3, slot, () => value = floats.Float(2), OpCodes.Stind_R4);
        }
        else
        {
            kernel.Store(4, slot, () => value = integers.Int(2), OpCodes.Stind_I4);
        }

        kernel.Line($"{(isFloat ? 'x' : 'y')}[slot {slot}] = {value}");
    }

    private void StoreLocal()
    {
        var isFloat = random.Next(2) == 0;
        kernel.IL.Emit(OpCodes.Ldloc, isFloat ? kernel.FloatArray : kernel.IntArray);
        var index = integers.LocalIndex();
        var value = isFloat ? floats.Float(2) : integers.Int(2);
        kernel.IL.Emit(isFloat ? OpCodes.Stelem_R4 : OpCodes.Stelem_I4);
        kernel.Line($"{(isFloat ? "local" : "numbers")}[{index}] = {value}");
    }
}
