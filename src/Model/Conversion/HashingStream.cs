using System.IO.Hashing;

namespace Engine.Model.Conversion;

/// <summary>Passes what is written on and hashes it.</summary>
/// <param name="target">Where it goes; it stays the caller's.</param>
internal sealed class HashingStream(Stream target) : Stream
{
    private long length;

    /// <summary>The hash of what was written so far.</summary>
    public XxHash128 Hash { get; } = new();

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <summary>How many bytes were written so far.</summary>
    public override long Length => length;

    /// <inheritdoc/>
    public override long Position
    {
        get => length;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Hash.Append(buffer);
        target.Write(buffer);
        length += buffer.Length;
    }

    /// <inheritdoc/>
    public override void Flush() => target.Flush();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
