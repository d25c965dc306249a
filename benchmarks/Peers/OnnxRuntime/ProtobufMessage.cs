using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Engine.Benchmarks.Peers;

/// <summary>Writes a message in Protocol Buffers' encoding, field by field: what ONNX's files are made of.</summary>
internal sealed class ProtobufMessage
{
    private const int Varint = 0;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;
    private readonly MemoryStream stream = new();

    /// <summary>Adds an integer.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="value">Its value.</param>
    /// <returns>This message.</returns>
    public ProtobufMessage Integer(int field, long value)
    {
        WriteVarint((ulong)((field << 3) | Varint));
        WriteVarint((ulong)value);
        return this;
    }

    /// <summary>Adds a float.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="value">Its value.</param>
    /// <returns>This message.</returns>
    public ProtobufMessage Float(int field, float value)
    {
        WriteVarint((ulong)((field << 3) | Fixed32));
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        stream.Write(bytes);
        return this;
    }

    /// <summary>Adds a text.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="value">Its value.</param>
    /// <returns>This message.</returns>
    public ProtobufMessage Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Adds floats as raw bytes, little-endian as this program's machine must be.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="values">Their values.</param>
    /// <returns>This message.</returns>
    public ProtobufMessage Raw(int field, ReadOnlySpan<float> values) => Bytes(field, MemoryMarshal.AsBytes(values));

    /// <summary>Adds a message.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="message">The message, complete.</param>
    /// <returns>This message.</returns>
    public ProtobufMessage Message(int field, ProtobufMessage message) => Bytes(field, message.stream.GetBuffer().AsSpan(0, (int)message.stream.Length));

    /// <summary>Writes the message as a file.</summary>
    /// <param name="path">The file.</param>
    public void Save(string path)
    {
        using var file = File.Create(path);
        stream.WriteTo(file);
    }

    private ProtobufMessage Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        WriteVarint((ulong)((field << 3) | LengthDelimited));
        WriteVarint((ulong)bytes.Length);
        stream.Write(bytes);
        return this;
    }

    private void WriteVarint(ulong value)
    {
        for (; value > 0x7F; value >>= 7)
            stream.WriteByte((byte)(value | 0x80));
        stream.WriteByte((byte)value);
    }
}
