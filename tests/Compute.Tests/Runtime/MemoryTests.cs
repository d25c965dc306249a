using System.Globalization;
using Engine.Compute.Vector;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

public sealed class MemoryTests : IDisposable
{
    private readonly Opened opened = new(new IdleCompiler());

    private Accelerator Accelerator => opened.Accelerator;

    public void Dispose() => opened.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(100_000)]
    public void BuffersAreAlignedToACacheLine(int length)
    {
        using var floats = Accelerator.Allocate1D<float>(length);
        using var bytes = Accelerator.Allocate1D<byte>(length);
        Assert.Equal(0, floats.NativePtr % VectorMemoryBuffer.Alignment);
        Assert.Equal(0, bytes.NativePtr % VectorMemoryBuffer.Alignment);
    }

    // Linux lists for each range of addresses what it was asked for: hg stands for large pages.
    [SkippableFact]
    public void LargeBuffersAskForLargePages()
    {
        Skip.IfNot(File.Exists("/sys/kernel/mm/transparent_hugepage/enabled"), "the operating system has no large pages to ask for");
        using var large = Accelerator.Allocate1D<byte>((2 * LargePages.Size) + 100);
        using var small = Accelerator.Allocate1D<byte>(LargePages.Size - 100);
        Assert.Equal(0, large.NativePtr % LargePages.Size);
        Assert.True(AsksForLargePages(large.NativePtr));
        Assert.True(AsksForLargePages(large.NativePtr + (2 * LargePages.Size) - 1));
        Assert.False(AsksForLargePages(large.NativePtr + (2 * LargePages.Size)));
        Assert.False(AsksForLargePages(small.NativePtr));
    }

    [Fact]
    public void ABufferOfNoElementsIsPossible()
    {
        using var buffer = Accelerator.Allocate1D<float>(0);
        Assert.Equal(0, buffer.Length);
        Assert.Empty(buffer.GetAsArray1D());
    }

    [Fact]
    public void CopiesGoBothWaysAndStayInsideSubViews()
    {
        var values = Enumerable.Range(0, 100).ToArray();
        using var buffer = Accelerator.Allocate1D<int>(100);
        buffer.CopyFromCPU(values);
        buffer.View.SubView(10, 5).CopyFromCPU([-1, -2, -3, -4, -5]);
        var result = buffer.GetAsArray1D();
        Assert.Equal([.. values[..10], -1, -2, -3, -4, -5, .. values[15..]], result);

        using var other = Accelerator.Allocate1D<int>(100);
        other.MemSetToZero();
        other.View.SubView(50, 20).CopyFrom(buffer.View.SubView(8, 20));
        Assert.Equal([.. new int[50], .. result[8..28], .. new int[30]], other.GetAsArray1D());
    }

    [Fact]
    public void MemSetFillsBytesOfASubViewOnly()
    {
        using var buffer = Accelerator.Allocate1D<int>(16);
        buffer.MemSetToZero();
        buffer.View.SubView(4, 3).MemSet(0x7f);
        Assert.Equal([0, 0, 0, 0, 0x7f7f7f7f, 0x7f7f7f7f, 0x7f7f7f7f, .. new int[9]], buffer.GetAsArray1D());
    }

    [Fact]
    public void PageLockedArraysCopyLikeOthers()
    {
        using var locked = Accelerator.AllocatePageLocked1D<float>(32);
        for (var i = 0; i < 32; i++)
        {
            locked[i] = i;
        }

        using var buffer = Accelerator.Allocate1D<float>(32);
        buffer.View.CopyFromPageLockedAsync(locked);
        Accelerator.Synchronize();
        Assert.Equal(locked.GetArray(), buffer.GetAsArray1D());
    }

    [Fact]
    public void BuffersOfTwoVectorAcceleratorsCopyToEachOther()
    {
        using var second = new Opened(new IdleCompiler(), threads: 1);
        using var source = Accelerator.Allocate1D(new[] { 1.5f, 2.5f, 3.5f });
        using var target = second.Accelerator.Allocate1D<float>(3);
        target.View.CopyFrom(source.View);
        Assert.Equal([1.5f, 2.5f, 3.5f], target.GetAsArray1D());
    }

    [Fact]
    public void BuffersEndWithTheirAccelerator()
    {
        var local = new Opened(new IdleCompiler());
        var buffer = local.Accelerator.Allocate1D<float>(1000);
        local.Dispose();
        Assert.True(buffer.IsDisposed);
        buffer.Dispose();
    }

    [Fact]
    public void MemoryThatDoesNotExistIsAClearError()
    {
        var exception = Assert.Throws<ComputeException>(() => Accelerator.AllocateRaw(long.MaxValue / 8, 4));
        Assert.Contains("bytes of memory", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ProfilingMarkersMeasureTime()
    {
        using var start = Accelerator.DefaultStream.AddProfilingMarker();
        Thread.Sleep(5);
        using var end = Accelerator.DefaultStream.AddProfilingMarker();
        Assert.InRange((end - start).TotalMilliseconds, 4, 10_000);
    }

    private static bool AsksForLargePages(nint address)
    {
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            int dash = line.IndexOf('-', StringComparison.Ordinal);
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (dash > 0 && dash < space && long.TryParse(line[..dash], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long from))
                inside = from <= address && address < long.Parse(line[(dash + 1)..space], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            else if (inside && line.StartsWith("VmFlags:", StringComparison.Ordinal))
                return line.Split(' ').Contains("hg");
        }
        return false;
    }
}
