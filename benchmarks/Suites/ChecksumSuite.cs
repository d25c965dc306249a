using BenchmarkDotNet.Attributes;
using Engine.Model.Checkpoints.TensorFlow;

namespace Engine.Benchmarks.Suites;

/// <summary>The checksum of TensorFlow's checkpoints over 64 MiB, beside copying them.</summary>
public class ChecksumSuite
{
    private readonly byte[] source = new byte[64 << 20];
    private readonly byte[] target = new byte[64 << 20];

    [GlobalSetup]
    public void Prepare() => new Random(1).NextBytes(source);

    /// <summary>CRC-32C.</summary>
    /// <returns>The checksum.</returns>
    [Benchmark]
    public uint Checksum() => Crc32C.Of(source);

    /// <summary>A copy of the same bytes.</summary>
    [Benchmark]
    public void Copy() => source.CopyTo(target, 0);
}
