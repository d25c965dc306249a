using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>Generic kernels, nested structures, specialized values, lambdas, and everything else that a kernel's signature can have.</summary>
public sealed class ArgumentTests(Accelerators accelerators) : IClassFixture<Accelerators>
{
    private const int Length = 100;

    public interface IOperation<T>
        where T : unmanaged
    {
        T Apply(T left, T right);
    }

    public enum Choice : short
    {
        First = -1,
        Second = 300,
    }

    public readonly struct AddIntegers : IOperation<int>
    {
        public int Apply(int left, int right) => left + right;
    }

    public readonly struct MultiplyDoubles : IOperation<double>
    {
        public double Apply(double left, double right) => left * right;
    }

    public struct Leaf<T>
        where T : unmanaged
    {
        public byte Tag;
        public T Value;
    }

    public struct Two
    {
        public int First;
        public int Second;
    }

    public struct Branch
    {
        public Leaf<double> Wide;
        public Leaf<short> Narrow;
        public Two Numbers;
        public Choice Choice;
    }

    public struct Tree
    {
        public Branch Left;
        public ArrayView<Branch> Others;
        public Branch Right;
        public (int First, long Second) Pair;
    }

    public readonly record struct Settings(int Factor, float Term);

    public static TheoryData<int> Widths() => Accelerators.Widths();

    [Theory]
    [MemberData(nameof(Widths))]
    public void GenericKernels(int bits)
    {
        var accelerator = accelerators[bits];
        using var integers = accelerator.Allocate1D(Enumerable.Range(0, Length).ToArray());
        using var doubles = accelerator.Allocate1D(Enumerable.Range(0, Length).Select(i => i * 0.5).ToArray());
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(Combine<int, AddIntegers>)(Length, integers.View, 7);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<double>, double>(Combine<double, MultiplyDoubles>)(Length, doubles.View, 1.5);
        Assert.Equal(Enumerable.Range(0, Length).Select(i => i + 7), integers.GetAsArray1D());
        Assert.Equal(Enumerable.Range(0, Length).Select(i => i * 0.5 * 1.5), doubles.GetAsArray1D());
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void NestedStructures(int bits)
    {
        var accelerator = accelerators[bits];
        var branches = Enumerable.Range(0, Length).Select(Make).ToArray();
        using var others = accelerator.Allocate1D(branches);
        using var output = accelerator.Allocate1D<Branch>(Length);
        using var numbers = accelerator.Allocate1D<double>(Length);
        var tree = new Tree { Left = Make(3), Others = others.View, Right = Make(1000), Pair = (-5, 1L << 40) };
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<Branch>, ArrayView<double>, Tree>(Rearrange)(Length, output.View, numbers.View, tree);
        var actual = output.GetAsArray1D();
        var sums = numbers.GetAsArray1D();
        for (var i = 0; i < Length; i++)
        {
            Assert.Equal(Sum(branches[i]) + Sum(tree.Left) - Sum(tree.Right) + tree.Pair.First + tree.Pair.Second, sums[i]);
            var expected = branches[i];
            expected.Narrow.Value = (short)(expected.Narrow.Value * 3);
            expected.Numbers.Second = i;
            expected.Choice = i % 2 == 0 ? Choice.First : Choice.Second;
            expected.Wide = tree.Right.Wide;
            Assert.Equal(Sum(expected), Sum(actual[i]));
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void SpecializedValues(int bits)
    {
        var accelerator = accelerators[bits];
        using var output = accelerator.Allocate1D<float>(Length);
        var number = accelerator.LoadStreamKernel<ArrayView<float>, SpecializedValue<int>, float>(UseNumber);
        var structure = accelerator.LoadStreamKernel<ArrayView<float>, float, SpecializedValue<Settings>>(UseStructure);
        foreach (var factor in new[] { 3, 1, 0, -2, 3 })
        {
            number((1, Length), output.View, new(factor), 0.5f);
            Assert.Equal(Enumerable.Range(0, Length).Select(i => Enumerable.Range(0, Math.Max(factor, 0)).Sum(k => i * k) + 0.5f), output.GetAsArray1D());
            structure((1, Length), output.View, 0.25f, new(new Settings(factor, factor * 1.5f)));
            Assert.Equal(Enumerable.Range(0, Length).Select(i => (i * factor) + (factor * 1.5f) + 0.25f), output.GetAsArray1D());
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void LambdasAndLocalFunctions(int bits)
    {
        var accelerator = accelerators[bits];
        using var output = accelerator.Allocate1D<int>(Length);
        var lambda = accelerator.LoadAutoGroupedStreamKernel((Index1D index, ArrayView<int> numbers) => { numbers[index] = index * index; });
        lambda(Length, output.View);
        Assert.Equal(Enumerable.Range(0, Length).Select(i => i * i), output.GetAsArray1D());
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(Local)(Length, output.View);
        Assert.Equal(Enumerable.Range(0, Length).Select(i => (i * i) - 1), output.GetAsArray1D());

        static void Local(Index1D index, ArrayView<int> numbers) => numbers[index]--;
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void DynamicSharedMemoryOfSeveralTypesIsOneMemory(int bits)
    {
        var accelerator = accelerators[bits];
        using var output = accelerator.Allocate1D<long>(64);
        var kernel = accelerator.LoadStreamKernel<ArrayView<long>>(UseDynamicMemory);
        kernel(new KernelConfig(2, 32, SharedMemoryConfig.RequestDynamic<long>(32)), output.View);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => i % 32).Select(i => ((long)(31 - i) << 32) + 32 + (64 * 1000) + 7), output.GetAsArray1D());
    }

    private static Branch Make(int seed) => new()
    {
        Wide = new() { Tag = (byte)seed, Value = seed * 0.25 },
        Narrow = new() { Tag = (byte)(seed + 1), Value = (short)(seed - 50) },
        Numbers = new() { First = seed, Second = 2 * seed },
        Choice = seed % 3 == 0 ? Choice.First : Choice.Second,
    };

    private static double Sum(Branch branch) =>
        branch.Wide.Tag + branch.Wide.Value + (1000 * branch.Narrow.Tag) + branch.Narrow.Value + branch.Numbers.First + (2 * branch.Numbers.Second) + (int)branch.Choice;

    private static void Combine<T, TOperation>(Index1D index, ArrayView<T> numbers, T right)
        where T : unmanaged
        where TOperation : struct, IOperation<T> => numbers[index] = default(TOperation).Apply(numbers[index], right);

    private static void Rearrange(Index1D index, ArrayView<Branch> output, ArrayView<double> sums, Tree tree)
    {
        var branch = tree.Others[index];
        sums[index] = Sum(branch) + Sum(tree.Left) - Sum(tree.Right) + tree.Pair.First + tree.Pair.Second;
        branch.Narrow.Value *= 3;
        branch.Numbers.Second = index;
        branch.Choice = index % 2 == 0 ? Choice.First : Choice.Second;
        output[index] = branch;
        output[index].Wide = tree.Right.Wide;
    }

    private static void UseNumber(ArrayView<float> output, SpecializedValue<int> count, float term)
    {
        var sum = 0;
        for (var k = 0; k < count; k++) sum += Group.IdxX * k;
        output[Group.IdxX] = sum + term;
    }

    private static void UseStructure(ArrayView<float> output, float term, SpecializedValue<Settings> settings) =>
        output[Group.IdxX] = (Group.IdxX * settings.Value.Factor) + settings.Value.Term + term;

    private static void UseDynamicMemory(ArrayView<long> output)
    {
        var wide = SharedMemory.GetDynamic<long>();
        var narrow = SharedMemory.GetDynamic<int>();
        var fixedMemory = SharedMemory.Allocate<int>(1);
        if (Group.IdxX == 0) fixedMemory[0] = 7;
        wide[Group.IdxX] = 0;
        Group.Barrier();
        narrow[(2 * Group.IdxX) + 1] = Group.IdxX;
        Group.Barrier();
        output[Grid.GlobalIndex.X] = wide[31 - Group.IdxX] + wide.Length + (narrow.Length * 1000) + fixedMemory[0];
    }
}
