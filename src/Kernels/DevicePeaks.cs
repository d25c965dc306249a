using System.Diagnostics;
using System.Numerics;
using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>What a device gives at most, as two short kernels measure it: what operations are compared with.</summary>
/// <param name="Flops">Multiplications and additions a second of a kernel that computes in registers alone, in float32, on all threads.</param>
/// <param name="Bandwidth">Bytes a second, of arrays larger than caches usually are: the more of a kernel that reads and of one that replaces three arrays by others in their places.</param>
/// <remarks>
/// The kernels are in no catalog: no model runs them. Bytes are counted as for every operation: each operand once, without what a processor reads
/// of a line that it is about to write. Arrays that are replaced in place have no such line, so that nothing moves more than they count.
/// </remarks>
public sealed record DevicePeaks(double Flops, double Bandwidth)
{
    /// <summary>Values that a thread of the arithmetic kernel keeps: more than a processor's units have multiply-adds under way, and no more than fit into 16 registers.</summary>
    internal const int Chains = 12;

    /// <summary>Elements of each array that a group of the memory kernel replaces.</summary>
    internal const int ElementsPerGroup = 1 << 12;

    private const int Iterations = 1 << 12;
    private const int GroupsPerProcessor = 32;
    private const int Elements = 1 << 24;
    private const int LeastRounds = 3;
    private const int MostRounds = 1000;

    // About a quarter of a millisecond on a processor: short enough to fall between what else the machine does.
    private const int ElementsPerProcessor = 1 << 19;

    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(0.25);

    /// <summary>Measures: about a second, and 192 MiB of the device's memory meanwhile.</summary>
    /// <param name="device">The device; nothing else may run on it.</param>
    /// <returns>The best of several rounds: what disturbs a round makes it slower, never faster.</returns>
    public static DevicePeaks Measure(ComputeDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new DevicePeaks(MeasureArithmetic(device), MeasureBandwidth(device));
    }

    /// <summary>
    /// Compares an operation with what the device gives at most. Of two limits the one that it is nearer to is its own: of an operation with many
    /// multiplications for each byte the arithmetic, of any other the memory.
    /// </summary>
    /// <param name="flops">Its multiplications and additions.</param>
    /// <param name="bytes">The bytes that it moves at least.</param>
    /// <param name="time">Its time, above 0.</param>
    /// <returns>Operations or bytes a second, which of the two, and the share of the peak, 1 for all of it.</returns>
    public (double Rate, bool IsArithmetic, double Share) Rate(double flops, double bytes, TimeSpan time)
    {
        bool arithmetic = flops / Flops > bytes / Bandwidth;
        double rate = (arithmetic ? flops : bytes) / time.TotalSeconds;
        return (rate, arithmetic, rate / (arithmetic ? Flops : Bandwidth));
    }

    /// <summary>result[i] = the sum of <see cref="Chains"/> values c = 1 to 12, each replaced by value * factor + addend as often as told.</summary>
    internal static void ArithmeticKernel(int iterations, float factor, float addend, ArrayView<float> result)
    {
        float a = 1f;
        float b = 2f;
        float c = 3f;
        float d = 4f;
        float e = 5f;
        float f = 6f;
        float g = 7f;
        float h = 8f;
        float i = 9f;
        float j = 10f;
        float k = 11f;
        float l = 12f;

        // A thread's own factor: the same for all of them would make one value of a whole vector.
        float own = factor + (Group.IdxX * 0f);
        for (int n = 0; n < iterations; n++)
        {
            a = (a * own) + addend;
            b = (b * own) + addend;
            c = (c * own) + addend;
            d = (d * own) + addend;
            e = (e * own) + addend;
            f = (f * own) + addend;
            g = (g * own) + addend;
            h = (h * own) + addend;
            i = (i * own) + addend;
            j = (j * own) + addend;
            k = (k * own) + addend;
            l = (l * own) + addend;
        }

        result[(Grid.IdxX * Group.DimX) + Group.IdxX] = ((a + b) + (c + d)) + ((e + f) + (g + h)) + ((i + j) + (k + l));
    }

    /// <summary>
    /// x[i] = x[i] * factor + y[i], y[i] = y[i] * factor + z[i], z[i] = z[i] * factor + x[i] as it was; whole groups of <see cref="ElementsPerGroup"/> only.
    /// Of the optimizer's kind, which no other operation comes near: several streams, each read and written in place.
    /// </summary>
    internal static void ReplaceKernel(float factor, ArrayView<float> x, ArrayView<float> y, ArrayView<float> z)
    {
        int first = Grid.IdxX * ElementsPerGroup;
        for (int c = 0; c < ElementsPerGroup; c += Group.DimX)
        {
            int index = first + c + Group.IdxX;
            float a = x[index];
            float b = y[index];
            float d = z[index];
            x[index] = (a * factor) + b;
            y[index] = (b * factor) + d;
            z[index] = (d * factor) + a;
        }
    }

    private static double MeasureArithmetic(ComputeDevice device)
    {
        var shape = new KernelConfig(GroupsPerProcessor * device.Accelerator.NumMultiprocessors, device.Tiles.RowGroupSize);
        int threads = shape.GridDim.X * shape.GroupDim.X;
        using var result = device.Accelerator.Allocate1D<float>(threads);
        var kernel = device.LoadOnce(ArithmeticKernel, KernelLoaders.LoadStreamKernel);
        return 2.0 * Chains * Iterations * threads / Best(device, _ => kernel(shape, Iterations, 0.5f, 1f, result.View));
    }

    private static double MeasureBandwidth(ComputeDevice device)
    {
        // A round takes a part of the arrays, the next round the next one: when its turn comes again, no cache holds it any more.
        int part = (int)Math.Min(Elements, BitOperations.RoundUpToPowerOf2((uint)Math.Min(Elements, (long)device.Accelerator.NumMultiprocessors * ElementsPerProcessor)));
        using var x = device.Accelerator.Allocate1D<float>(Elements);
        using var y = device.Accelerator.Allocate1D<float>(Elements);
        using var z = device.Accelerator.Allocate1D<float>(Elements);
        var zero = new ZeroFill(device);

        // Pages that nobody has written may all be one.
        zero.Run(x.View);
        zero.Run(y.View);
        zero.Run(z.View);
        var kernel = device.LoadOnce(ReplaceKernel, KernelLoaders.LoadStreamKernel);
        var shape = new KernelConfig(part / ElementsPerGroup, device.Tiles.RowGroupSize);
        double replace = Best(device, round => kernel(shape, 0.25f, Part(x, round), Part(y, round), Part(z, round)));

        // The gradients' norm reads and writes nothing.
        using var norm = new GradientNorm(device);
        using var result = device.Accelerator.Allocate1D<float>(2);
        double read = Best(device, round => norm.Run(Part(round % 3 == 0 ? x : round % 3 == 1 ? y : z, round / 3), result.View, part, 0f));
        return sizeof(float) * (double)part * Math.Max(6 / replace, 1 / read);

        ArrayView<float> Part(MemoryBuffer1D<float, Stride1D.Dense> array, int round) =>
            array.View.AsContiguous().SubView((long)round * part % Elements, part);
    }

    /// <summary>The seconds of the shortest round, after one that compiles.</summary>
    private static double Best(ComputeDevice device, Action<int> launch)
    {
        launch(0);
        device.Synchronize();
        var begin = Stopwatch.GetTimestamp();
        double best = double.PositiveInfinity;
        for (int round = 0; round < MostRounds && (round < LeastRounds || Stopwatch.GetElapsedTime(begin) < Enough); round++)
        {
            var start = Stopwatch.GetTimestamp();
            launch(round + 1);
            device.Synchronize();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }
}
