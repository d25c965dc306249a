using System.CommandLine;
using System.Text.Json;
using Engine.Model;
using Engine.Model.Data;
using Engine.Runner.Options;
using Engine.Tokenizer;

namespace Engine.Runner.Commands;

/// <summary><c>engine tokenize</c>: writes the tokens of every text as JSON lines.</summary>
internal sealed class TokenizeCommand : ICommandDefinition
{
    private readonly ModelOption _model = new();
    private readonly TokenizerOption _tokenizer = new();
    private readonly Option<string> _input = OptionFactory.RequiredText(
        "--input", "FILE|-", "A text a line, or JSON lines with \"text\" and optionally \"pair\" (told by the first line, or by .jsonl); -: standard input.");

    private readonly Option<string?> _out = OptionFactory.OptionalText("--out", "FILE", "Where to write; without it, standard output.");
    private readonly Option<bool> _overwrite = OptionFactory.Switch("--overwrite", "Replace --out where it exists.");
    private readonly Option<int> _length = OptionFactory.Integer(
        "--max-length", 0, 0, "Longest sequence in tokens, special tokens included; 0: as they come.", "--length");
    private readonly Option<bool> _offsets = OptionFactory.Switch(
        "--offsets", "Write for every token the part of its text that it came from, [start, end] in UTF-16 units, as indices of a string in C#, Java or JavaScript; [0, 0] for [CLS] and [SEP].");

    /// <inheritdoc/>
    public string[] Examples =>
    [
        "engine tokenize --input texts.txt",
        "echo 'Forest fire near La Ronge' | engine tokenize --input -",
        "echo 'Café Straße [MASK]' | engine tokenize --input - --offsets",
        "echo 'Café Straße [MASK]' | engine tokenize --input - --tokenizer tftext",
    ];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("tokenize", "Writes the tokens of every text as JSON lines with ids (special tokens included), types and tokens.");
        command.Add(_input);
        command.Add(_out);
        command.Add(_overwrite);
        command.Add(_length);
        command.Add(_offsets);
        _tokenizer.AddTo(command);
        _model.AddTo(command);
        command.SetAction(parsed => Run(parsed, terminal, stop));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        string? output = parsed.GetValue(_out);
        if (output is not null)
            OutputTarget.CheckFile(output, "--out", parsed.GetValue(_overwrite));
        int length = parsed.GetValue(_length);
        if (length is 1 or 2)
            throw new ModelException($"--max-length {length}: at least 3 was expected, room for [CLS], [SEP] and a token; give a larger one, or 0 for no limit.");
        WordPieceTokenizer tokenizer = _tokenizer.Load(parsed, _model.Folder(parsed));
        List<(string Text, string? Pair)> texts = Texts(parsed.GetRequiredValue(_input), terminal);
        bool offsets = parsed.GetValue(_offsets);
        if (output is null)
        {
            Write(terminal.Output, tokenizer, texts, length, offsets, stop);
            return CommandLine.Done;
        }
        OutputTarget.MakeFolderOf(output);
        AtomicFile.WriteText(output, writer => Write(writer, tokenizer, texts, length, offsets, stop));
        terminal.WriteLine($"{texts.Count} texts tokenized: {output}");
        return CommandLine.Done;
    }

    private static List<(string Text, string? Pair)> Texts(string input, Terminal terminal)
    {
        string name = input == "-" ? "standard input" : input;
        string content = input == "-" ? ReadStandardInput(terminal) : StrictUtf8.ReadFile(input);
        if (content.Length == 0)
            throw new ModelException($"{name} is empty; a text a line was expected; give at least one text.");
        string[] lines = content.Split('\n');
        int count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        List<(string Text, string? Pair)> texts = new(count);
        if (!IsJsonLines(input, lines[0]))
        {
            for (int line = 0; line < count; line++)
                texts.Add((lines[line].TrimEnd('\r'), null));
            return texts;
        }
        for (int line = 0; line < count; line++)
        {
            if (!string.IsNullOrWhiteSpace(lines[line]))
                texts.Add(Parse(lines[line], name, line + 1));
        }
        return texts;
    }

    private static bool IsJsonLines(string input, string firstLine)
    {
        if (FileFormat.IsJsonLines(input))
            return true;
        if (!firstLine.AsSpan().TrimStart().StartsWith('{'))
            return false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(firstLine);
            return document.RootElement.TryGetProperty("text", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static (string Text, string? Pair) Parse(string json, string name, int line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            string text = document.RootElement.GetProperty("text").GetString() ?? throw new KeyNotFoundException();
            string? pair = document.RootElement.TryGetProperty("pair", out JsonElement second) ? second.GetString() : null;
            return (text, pair);
        }
        catch (InvalidOperationException exception) when (json.Contains("\\u", StringComparison.Ordinal) && exception.Message.Contains("UTF-16", StringComparison.Ordinal))
        {
            throw new ModelException(
                $"{name}, line {line}: a text has one half of a surrogate pair without the other (an escape from \\ud800 to \\udfff), which is no character; correct the line.", exception);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ModelException(
                $"{name}, line {line}: no JSON object with \"text\" (and optionally \"pair\") as texts, which was expected on each line; correct the line.",
                exception);
        }
    }

    private static string ReadStandardInput(Terminal terminal)
    {
        using Stream stream = terminal.OpenInput();
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return StrictUtf8.Decode(bytes.GetBuffer().AsSpan(0, (int)bytes.Length), "standard input");
    }

    private static void Write(TextWriter output, WordPieceTokenizer tokenizer, List<(string Text, string? Pair)> texts, int length, bool offsets, CancellationToken stop)
    {
        int? maxLength = length == 0 ? TokenizerOptions.Unlimited : length;
        using TokenWriter writer = new(output, tokenizer);
        foreach ((string text, string? pair) in texts)
        {
            stop.ThrowIfCancellationRequested();
            writer.Write(offsets ? tokenizer.EncodeWithOffsets(text, pair, maxLength) : tokenizer.Encode(text, pair, maxLength));
        }
    }
}
