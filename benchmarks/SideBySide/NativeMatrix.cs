using System.Runtime.InteropServices;

namespace Engine.Benchmarks.SideBySide;

/// <summary>Numbers for a native library, aligned to a cache line as the device's are.</summary>
internal sealed unsafe class NativeMatrix : IDisposable
{
    private const nuint CacheLine = 64;
    private readonly int length;

    /// <summary>Copies a matrix from a device.</summary>
    /// <param name="source">The matrix.</param>
    public NativeMatrix(DeviceMatrix source)
    {
        var values = source.ToArray();
        length = values.Length;
        Data = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), CacheLine);
        values.CopyTo(Values);
    }

    /// <summary>Gets the first number's address.</summary>
    public float* Data { get; }

    /// <summary>Gets the numbers.</summary>
    public Span<float> Values => new(Data, length);

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(Data);
}
