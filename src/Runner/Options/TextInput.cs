using System.CommandLine;
using Engine.Model;
using Engine.Model.Data;

namespace Engine.Runner.Options;

/// <summary>The texts of a command that takes them from its arguments or from a file.</summary>
internal sealed class TextInput
{
    private readonly bool _pairsOnly;
    private readonly Argument<string?> _text;
    private readonly Argument<string?> _pair;
    private readonly ColumnOptions _columns;
    private readonly Option<string?> _input;

    /// <summary>Makes the arguments and options.</summary>
    /// <param name="pairsOnly">Whether every text needs a second one; otherwise it may have one.</param>
    /// <param name="text">What the first text is.</param>
    /// <param name="pair">What the second text is.</param>
    public TextInput(bool pairsOnly, string text, string pair)
    {
        _pairsOnly = pairsOnly;
        _text = Text("TEXT", text);
        _pair = Text("SECOND", pair);
        _columns = new ColumnOptions(pairsOnly ? "pair" : null);
        _input = OptionFactory.OptionalText(
            "--input", "FILE",
            pairsOnly
                ? "Many pairs in place of one: CSV with column names, or JSON lines (.jsonl)."
                : "Many texts in place of one: CSV with column names, JSON lines (.jsonl), or a text a line (.txt).");
    }

    /// <summary>Adds the arguments and options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_text);
        command.Add(_pair);
        command.Add(_input);
        _columns.AddTo(command, labels: false);
    }

    /// <summary>The texts that were given.</summary>
    /// <exception cref="ModelException">There are none, or both kinds, or a second one is missing, or the file cannot be read.</exception>
    public TextTable Read(ParseResult parsed)
    {
        string? text = parsed.GetValue(_text);
        string? pair = parsed.GetValue(_pair);
        string? file = parsed.GetValue(_input);
        string expected = _pairsOnly ? "two texts" : "a text";
        string command = parsed.CommandResult.Command.Name;
        if (text is not null && file is not null)
            throw new ModelException($"{command}: a text and --input {file}, and one of them was expected; leave the other out.");
        if (file is not null)
            return !_pairsOnly && FileFormat.IsPlainText(file) ? TextTable.ReadLines(file) : TextTable.Read(file, _columns.Names(parsed), LabelColumn.Ignored);
        if (text is null || (_pairsOnly && pair is null))
            throw new ModelException($"{command}: {expected} or --input FILE was expected; give {expected} in quotes, or a file.");
        return TextTable.FromTexts(command, [text], pair is null ? null : [pair]);
    }

    private static Argument<string?> Text(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.ZeroOrOne };
}
