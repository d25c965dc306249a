using System.CommandLine;
using Engine.Model.Data;

namespace Engine.Runner.Options;

/// <summary>Which columns a command reads.</summary>
/// <param name="pair">The column of second texts where none is named; null: there are none then.</param>
internal sealed class ColumnOptions(string? pair = null)
{
    private readonly Option<string> _id = OptionFactory.Text("--id-column", "NAME", "id", "Column of the rows' identifiers; without an \"id\", rows are numbered.");
    private readonly Option<string> _text = OptionFactory.Text("--text-column", "NAME", "text", "Column of the texts.");
    private readonly Option<string?> _pair = OptionFactory.OptionalText("--pair-column", "NAME", "Column of the second texts, for sentence pairs.", pair);
    private readonly Option<string> _label = OptionFactory.Text("--label-column", "NAME", "target", "Column of the labels: 0 and 1, or any words.");

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command, bool labels)
    {
        command.Add(_id);
        command.Add(_text);
        command.Add(_pair);
        if (labels)
            command.Add(_label);
    }

    /// <summary>The names that were given.</summary>
    public ColumnNames Names(ParseResult parsed) => new()
    {
        Id = parsed.GetRequiredValue(_id),
        Text = parsed.GetRequiredValue(_text),
        Pair = parsed.GetValue(_pair),
        Label = parsed.GetValue(_label) ?? new ColumnNames().Label,
    };
}
