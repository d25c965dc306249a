using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.HistogramOperations;
using ILGPU.Algorithms.RadixSortOperations;
using ILGPU.Algorithms.Random;
using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Algorithms.Sequencers;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>What <c>ILGPU.Algorithms</c> offers, at every width, in a context that did not enable it and with lengths that fill no group.</summary>
public sealed class AlgorithmTests(Accelerators accelerators) : IClassFixture<Accelerators>
{
    private const int Length = 3001;

    private readonly int[] numbers = [.. Enumerable.Range(0, Length).Select(i => (int)((i * 2654435761L) % 1999) - 1000)];

    public static TheoryData<int> Widths() => Accelerators.Widths();

    [Theory]
    [MemberData(nameof(Widths))]
    public void Sorting(int bits)
    {
        var accelerator = accelerators[bits];
        using var keys = accelerator.Allocate1D(numbers);
        using var values = accelerator.Allocate1D(Enumerable.Range(0, Length).ToArray());
        using var temporary = accelerator.Allocate1D<int>(accelerator.ComputeRadixSortPairsTempStorageSize<int, int, AscendingInt32>(Length));
        accelerator.CreateRadixSortPairs<int, Stride1D.Dense, int, Stride1D.Dense, AscendingInt32>()(accelerator.DefaultStream, keys.View, values.View, temporary.View);
        accelerator.Synchronize();
        var order = Enumerable.Range(0, Length).OrderBy(i => numbers[i]).ToArray();
        Assert.Equal(order.Select(i => numbers[i]), keys.GetAsArray1D());
        Assert.Equal(order, values.GetAsArray1D());

        // ILGPU sorts negative floats the wrong way round, on its own accelerators too.
        using var floats = accelerator.Allocate1D(numbers.Select(number => (number + 1000) * 0.5f).ToArray());
        using var space = accelerator.Allocate1D<int>(accelerator.ComputeRadixSortTempStorageSize<float, DescendingFloat>(Length));
        accelerator.CreateRadixSort<float, Stride1D.Dense, DescendingFloat>()(accelerator.DefaultStream, floats.View, space.View);
        accelerator.Synchronize();
        Assert.Equal(numbers.Select(number => (number + 1000) * 0.5f).OrderDescending(), floats.GetAsArray1D());
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void ScansAndReductions(int bits)
    {
        var accelerator = accelerators[bits];
        using var input = accelerator.Allocate1D(numbers);
        using var output = accelerator.Allocate1D<int>(Length);
        using var temporary = accelerator.Allocate1D<int>(accelerator.ComputeScanTempStorageSize<int>(Length));
        accelerator.CreateScan<int, Stride1D.Dense, Stride1D.Dense, AddInt32>(ScanKind.Inclusive)(accelerator.DefaultStream, input.View, output.View, temporary.View);
        accelerator.Synchronize();
        var sum = 0;
        Assert.Equal(numbers.Select(number => sum += number), output.GetAsArray1D());
        accelerator.CreateScan<int, Stride1D.Dense, Stride1D.Dense, MaxInt32>(ScanKind.Exclusive)(accelerator.DefaultStream, input.View, output.View, temporary.View);
        accelerator.Synchronize();
        var largest = int.MinValue;
        Assert.Equal([int.MinValue, .. numbers[..^1].Select(number => largest = Math.Max(largest, number))], output.GetAsArray1D());
        Assert.Equal(sum, accelerator.Reduce<int, AddInt32>(accelerator.DefaultStream, input.View));
        Assert.Equal(numbers.Min(), accelerator.Reduce<int, MinInt32>(accelerator.DefaultStream, input.View));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void HistogramsAndDistinctNumbers(int bits)
    {
        var accelerator = accelerators[bits];
        using var input = accelerator.Allocate1D(numbers.Select(number => Math.Abs(number) % 60).ToArray());
        using var bins = accelerator.Allocate1D(new int[64]);
        using var overflow = accelerator.Allocate1D(new int[1]);
        accelerator.Histogram<int, Stride1D.Dense, HistogramModulo>(accelerator.DefaultStream, input.View, bins.View.BaseView, overflow.View.BaseView);
        accelerator.Synchronize();
        var expected = new int[64];
        foreach (var number in numbers) expected[Math.Abs(number) % 60 % 64]++;
        Assert.Equal(expected, bins.GetAsArray1D());
        Assert.Equal([0], overflow.GetAsArray1D());

        using var runs = accelerator.Allocate1D(Enumerable.Range(0, Length).Select(i => i / 7).ToArray());
        Assert.Equal((Length + 6) / 7, accelerator.Unique(accelerator.DefaultStream, runs.View));
        Assert.Equal(Enumerable.Range(0, (Length + 6) / 7), runs.GetAsArray1D()[..((Length + 6) / 7)]);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void SequencesAndTransformations(int bits)
    {
        var accelerator = accelerators[bits];
        using var input = accelerator.Allocate1D<int>(Length);
        using var output = accelerator.Allocate1D<int>(Length);
        accelerator.CreateSequencer<int, Stride1D.Dense, Int32Sequencer>()(accelerator.DefaultStream, input.View, default);
        accelerator.CreateTransformer<int, int, Square>()(accelerator.DefaultStream, input.View, output.View, default);
        accelerator.Synchronize();
        Assert.Equal(Enumerable.Range(0, Length).Select(i => i * i), output.GetAsArray1D());
        accelerator.Initialize(accelerator.DefaultStream, output.View, 17);
        accelerator.Synchronize();
        Assert.All(output.GetAsArray1D(), number => Assert.Equal(17, number));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void RandomNumbers(int bits)
    {
        var accelerator = accelerators[bits];
        using var generator = RNG.Create<XorShift128Plus>(accelerator, new Random(3));
        using var output = accelerator.Allocate1D<float>(20_000);
        generator.FillUniform(accelerator.DefaultStream, output.View);
        accelerator.Synchronize();
        var uniform = output.GetAsArray1D();
        Assert.All(uniform, number => Assert.InRange(number, 0f, 1f));

        // The mean of n uniform numbers has a deviation of 1 / sqrt(12 n); five of them, and next to no number twice.
        Assert.InRange(uniform.Average(), 0.5 - (5 / Math.Sqrt(12 * 20_000)), 0.5 + (5 / Math.Sqrt(12 * 20_000)));
        Assert.True(uniform.Distinct().Count() > 19_900);
    }

    private readonly struct HistogramModulo : IComputeSingleBinOperation<int, Index1D>
    {
        public Index1D ComputeHistogramBin(int value, Index1D numBins) => value % numBins;
    }

    private readonly struct Square : ITransformer<int, int>
    {
        public int Transform(int value) => value * value;
    }
}
