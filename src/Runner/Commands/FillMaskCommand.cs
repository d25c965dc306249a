using System.CommandLine;
using System.Globalization;
using Engine.Compute;
using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Runner.Options;

namespace Engine.Runner.Commands;

/// <summary><c>engine fill-mask</c>: the words that may stand at [MASK].</summary>
internal sealed class FillMaskCommand : ICommandDefinition
{
    private readonly ModelOption _model = new();
    private readonly DeviceOptions _device = new();
    private readonly TextInput _texts = new(
        pairsOnly: false, "The text, with [MASK] wherever a word is to be guessed; each mask is guessed on its own.", "The second text of a pair; it may have masks too.");

    private readonly Option<string?> _out = OptionFactory.OptionalText(
        "--out", "FILE",
        "Where to write: CSV with the columns id, mask, rank, token, probability and filled, or JSON lines (.jsonl) with an object for each text; without it, standard output.");

    private readonly Option<bool> _overwrite = OptionFactory.Switch("--overwrite", "Replace --out where it exists.");
    private readonly Option<int> _top = OptionFactory.Integer("--top", 5, 1, "How many tokens are named for each mask.");
    private readonly Option<int> _length = OptionFactory.MaxLength(512);

    /// <inheritdoc/>
    public string[] Examples =>
    [
        "engine fill-mask --model models/bert \"The capital of France is [MASK].\"",
        "engine fill-mask --model models/bert --top 3 \"[MASK] fire near the [MASK].\"",
        "engine fill-mask --model models/bert --input texts.txt --out guesses.jsonl",
        "engine fill-mask --model models/bert --input texts.csv --text-column sentence --out guesses.csv",
    ];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("fill-mask", "Names the most probable words at [MASK], by the masked-language-model head that the checkpoint carries.");
        _texts.AddTo(command);
        foreach (Option option in new Option[] { _out, _overwrite, _top, _length })
            command.Add(option);
        _model.AddTo(command);
        _device.AddTo(command);
        command.SetAction(parsed => Run(parsed, terminal, stop));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        string? output = parsed.GetValue(_out);
        if (output is not null)
            OutputTarget.CheckFile(output, "--out", parsed.GetValue(_overwrite));
        TextTable table = _texts.Read(parsed);
        MaskedLanguageModel model = MaskedLanguageModel.Open(_model.Folder(parsed));
        int length = Math.Min(parsed.GetValue(_length), model.Configuration.MaxPositions);
        MaskedTexts texts = model.Tokenize(table, length);
        using ComputeDevice device = _device.Open(parsed, terminal);
        ProgressLine progress = new(terminal);
        FilledText[] filled = model.Fill(device, texts, parsed.GetValue(_top), done => progress.Update(() => $"{done} of {table.Count} texts"), stop);
        progress.Clear();
        if (output is null)
        {
            for (int row = 0; row < filled.Length; row++)
                Print(terminal, filled[row], row);
        }
        else
        {
            OutputTarget.MakeFolderOf(output);
            FilledTextWriter.Write(output, table.Ids, filled);
        }
        EvaluationReport.SayCut(terminal, texts.Texts.CutTexts, table.Count, length, "texts");
        if (output is not null)
            terminal.WriteLine($"{filled.Sum(text => text.Masks.Count)} masks of {table.Count} texts written: {output}");
        return CommandLine.Done;
    }

    private static void Print(Terminal terminal, FilledText filled, int row)
    {
        if (row > 0)
            terminal.WriteLine();
        (string text, string? pair) = filled.Fill();
        terminal.WriteLine(text);
        if (pair is not null)
            terminal.WriteLine(pair);
        terminal.WriteLine();
        terminal.WriteTable([">mask", ">probability", "token"], filled.Masks.SelectMany((candidates, mask) => candidates.Select(candidate => (string[])
            [$"{mask + 1}", candidate.Probability.ToString("G4", CultureInfo.InvariantCulture), candidate.Token])));
    }
}
