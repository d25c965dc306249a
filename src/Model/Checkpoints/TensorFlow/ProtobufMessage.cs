using System.Text;
using Engine.Model.Data;
using Google.Protobuf;

namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>
/// Walks over the fields of one protocol buffer message by number, without generated classes: of TensorFlow's large messages a checkpoint needs a
/// handful of fields, and the rest, often megabytes of graph, is stepped over without being copied.
/// </summary>
internal sealed class ProtobufMessage
{
    private readonly byte[] buffer;
    private readonly int start;
    private readonly int length;
    private uint tag;
    private bool isConsumed = true;

    private ProtobufMessage(byte[] buffer, int start, int length)
    {
        this.buffer = buffer;
        this.start = start;
        this.length = length;
    }

    /// <summary>The number of the present field.</summary>
    public int Field => WireFormat.GetTagFieldNumber(tag);

    /// <summary>Whether the present field is a message, or bytes, or a string.</summary>
    public bool IsNested => WireType == WireFormat.WireType.LengthDelimited;

    private CodedInputStream Input => field ??= new CodedInputStream(buffer, start, length);

    private WireFormat.WireType WireType => WireFormat.GetTagWireType(tag);

    /// <summary>Reads a message.</summary>
    /// <param name="path">The file that it is from, for the error.</param>
    /// <param name="what">What it is, for the error: "header".</param>
    /// <param name="bytes">The message.</param>
    /// <param name="read">Reads its fields.</param>
    /// <exception cref="ModelException">The bytes are not such a message.</exception>
    public static T Parse<T>(string path, string what, byte[] bytes, Func<ProtobufMessage, T> read)
    {
        try
        {
            return read(new ProtobufMessage(bytes, 0, bytes.Length));
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidDataException or DecoderFallbackException)
        {
            string reason = exception.Message.ReplaceLineEndings(" ");
            throw new ModelException($"{path}: {what} is not a valid protocol buffer ({reason}); the file is damaged: get it again", exception);
        }
    }

    /// <summary>Goes to the next field, over the present one where nothing has read it.</summary>
    /// <returns>False at the end.</returns>
    public bool Next()
    {
        if (!isConsumed)
            Input.SkipLastField();
        tag = Input.ReadTag();
        isConsumed = tag == 0;
        return tag != 0;
    }

    /// <summary>The value of an integer, an enumeration or a Boolean.</summary>
    public long Integer()
    {
        Expect(WireFormat.WireType.Varint);
        return Input.ReadInt64();
    }

    /// <summary>The value of an integer of fixed width, 4 bytes.</summary>
    public uint Fixed32()
    {
        Expect(WireFormat.WireType.Fixed32);
        return Input.ReadFixed32();
    }

    /// <summary>The values of a repeated integer, packed or one at a time.</summary>
    public IEnumerable<long> Integers()
    {
        if (WireType == WireFormat.WireType.Varint)
            return [Integer()];
        var packed = Message();
        var values = new List<long>();
        while (!packed.Input.IsAtEnd)
            values.Add(packed.Input.ReadInt64());
        return values;
    }

    /// <summary>The value of a string.</summary>
    public string Text()
    {
        var bytes = Bytes();
        return StrictUtf8.Encoding.GetString(bytes);
    }

    /// <summary>The bytes of a string, of bytes or of a message, in place.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        var (first, count) = Content();
        return buffer.AsSpan(first, count);
    }

    /// <summary>The nested message.</summary>
    public ProtobufMessage Message()
    {
        var (first, count) = Content();
        return new ProtobufMessage(buffer, first, count);
    }

    /// <summary>The string in a field of this message, wherever the walk is; the last where there are several, empty where there is none.</summary>
    public string TextOf(int field) => TextsOf(field).LastOrDefault("");

    /// <summary>The strings in a field of this message, wherever the walk is.</summary>
    public IEnumerable<string> TextsOf(int field)
    {
        for (var walk = Again(); walk.Next();)
        {
            if (walk.Field == field)
                yield return walk.Text();
        }
    }

    /// <summary>The integer in a field of this message, wherever the walk is; the last where there are several, 0 where there is none.</summary>
    public long IntegerOf(int field)
    {
        long value = 0;
        for (var walk = Again(); walk.Next();)
        {
            if (walk.Field == field)
                value = walk.Integer();
        }

        return value;
    }

    /// <summary>The messages in a field of this message, wherever the walk is.</summary>
    public IEnumerable<ProtobufMessage> MessagesOf(int field)
    {
        for (var walk = Again(); walk.Next();)
        {
            if (walk.Field == field)
                yield return walk.Message();
        }
    }

    private ProtobufMessage Again() => new(buffer, start, length);

    private (int Start, int Length) Content()
    {
        Expect(WireFormat.WireType.LengthDelimited);
        int before = (int)Input.Position;
        Input.SkipLastField();
        int end = (int)Input.Position;
        int count = new CodedInputStream(buffer, before, end - before).ReadLength();
        return (end - count, count);
    }

    private void Expect(WireFormat.WireType expected)
    {
        if (WireType != expected)
            throw new InvalidDataException($"field {Field} is {WireType}, expected {expected}");
        isConsumed = true;
    }
}
