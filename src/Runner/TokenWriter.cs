using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Runner;

/// <summary>Writes tokens as JSON lines, in pieces: a text of any length needs no more memory than its ids.</summary>
internal sealed class TokenWriter : IDisposable
{
    private const int PieceBytes = 1 << 16;

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TextWriter _output;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly MemoryStream _buffer = new();
    private readonly Utf8JsonWriter _writer;

    /// <summary>Writes to <paramref name="output"/>, which stays open.</summary>
    public TokenWriter(TextWriter output, WordPieceTokenizer tokenizer)
    {
        _output = output;
        _tokenizer = tokenizer;
        _writer = new Utf8JsonWriter(_buffer, Json);
    }

    /// <summary>Writes a line: ids, types, tokens and, where the encoding has them, offsets.</summary>
    public void Write(TokenEncoding encoding)
    {
        _writer.Reset();
        _writer.WriteStartObject();
        WriteArray("ids", encoding.Ids, id => _writer.WriteNumberValue(id));
        WriteArray("types", encoding.Types, type => _writer.WriteNumberValue(type));
        WriteArray("tokens", encoding.Ids, id => _writer.WriteStringValue(_tokenizer.TokenOf(id)));
        if (encoding.Offsets is { } offsets)
        {
            WriteArray("offsets", offsets, offset =>
            {
                _writer.WriteStartArray();
                _writer.WriteNumberValue(offset.Start);
                _writer.WriteNumberValue(offset.End);
                _writer.WriteEndArray();
            });
        }

        _writer.WriteEndObject();
        Flush();
        _output.Write('\n');
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _buffer.Dispose();
    }

    private void WriteArray<T>(string name, T[] items, Action<T> write)
    {
        _writer.WriteStartArray(name);
        foreach (T item in items)
        {
            write(item);
            if (_writer.BytesPending >= PieceBytes)
                Flush();
        }

        _writer.WriteEndArray();
    }

    // Between two values, so that no character is cut in two.
    private void Flush()
    {
        _writer.Flush();
        _output.Write(StrictUtf8.Encoding.GetString(_buffer.GetBuffer(), 0, (int)_buffer.Length));
        _buffer.SetLength(0);
    }
}
