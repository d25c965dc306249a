using System.IO.Hashing;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>Reads another stream, counts against an archive's budget, and keeps the checksum that gzip and zip use (CRC-32).</summary>
/// <param name="inner">What is read; closed with this one.</param>
/// <param name="budget">What it counts against.</param>
internal sealed class MeteredStream(Stream inner, ArchiveBudget budget) : Stream
{
    private readonly Crc32 checksum = new();

    /// <summary>The checksum of what was read.</summary>
    public uint Checksum => checksum.GetCurrentHashAsUInt32();

    /// <summary>The number of bytes that were read.</summary>
    public long Count { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int count = inner.Read(buffer);
        checksum.Append(buffer[..count]);
        Count += count;
        budget.Take(count);
        return count;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
