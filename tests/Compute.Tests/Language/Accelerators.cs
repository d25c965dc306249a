using Engine.Compute.Vector;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>Vector CPUs of every width in a context such as a program that knows ILGPU makes for itself; they stay open for all tests of a class.</summary>
public sealed class Accelerators : IDisposable
{
    private readonly Context context = Context.Create(builder => builder.CPU());
    private readonly Dictionary<int, Accelerator> opened = [];

    /// <summary>Lists the widths that this machine has, the scalar one included.</summary>
    /// <returns>Rows of theory data.</returns>
    public static TheoryData<int> Widths() => [.. new[] { VectorWidth.Scalar, 128, 256, 512 }.Where(bits => bits <= VectorWidth.Widest)];

    /// <summary>The accelerator of a width.</summary>
    public Accelerator this[int bits]
    {
        get
        {
            if (!opened.TryGetValue(bits, out var accelerator))
            {
                accelerator = context.CreateVectorCpuAccelerator(new() { VectorBits = bits, Threads = 2 });
                opened.Add(bits, accelerator);
            }

            return accelerator;
        }
    }

    public void Dispose()
    {
        foreach (var accelerator in opened.Values) accelerator.Dispose();
        context.Dispose();
    }
}
