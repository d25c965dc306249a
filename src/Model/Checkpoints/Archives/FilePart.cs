using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>A part of a file as a stream.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="handle">The file; not closed.</param>
/// <param name="start">The part's first byte.</param>
/// <param name="length">Its length.</param>
internal sealed class FilePart(string path, SafeFileHandle handle, long start, long length) : Stream
{
    private long position;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => length;

    /// <inheritdoc/>
    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var part = buffer[..(int)Math.Min(buffer.Length, length - position)];
        CheckedFile.ReadExactly(path, handle, start + position, part);
        position += part.Length;
        return part.Length;
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
}
