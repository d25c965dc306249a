using System.CommandLine;
using System.Globalization;
using Engine.Compute;
using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Runner.Options;
using Engine.Tokenizer;

namespace Engine.Runner.Commands;

/// <summary><c>engine next-sentence</c>: how probable it is that one text follows another.</summary>
internal sealed class NextSentenceCommand : ICommandDefinition
{
    private readonly ModelOption _model = new();
    private readonly DeviceOptions _device = new();
    private readonly TextInput _texts = new(pairsOnly: true, "The first text.", "The text that may follow it.");
    private readonly Option<string?> _out = OptionFactory.OptionalText(
        "--out", "FILE", "Where to write the columns id and probability: CSV, or JSON lines (.jsonl); without it, standard output.");

    private readonly Option<bool> _overwrite = OptionFactory.Switch("--overwrite", "Replace --out where it exists.");
    private readonly Option<int> _length = OptionFactory.MaxLength(512);

    /// <inheritdoc/>
    public string[] Examples =>
    [
        "engine next-sentence --model models/bert \"The fire spread to the roof.\" \"Everyone left the house in time.\"",
        "engine next-sentence --model models/bert --input pairs.csv --out probabilities.csv",
        "engine next-sentence --model models/bert --input pairs.jsonl --text-column first --pair-column second --out probabilities.jsonl",
    ];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("next-sentence", "Says how probable it is that the second text follows the first, by the next-sentence head that the checkpoint carries.");
        _texts.AddTo(command);
        foreach (Option option in new Option[] { _out, _overwrite, _length })
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
        NextSentenceModel model = NextSentenceModel.Open(_model.Folder(parsed));
        int length = Math.Min(parsed.GetValue(_length), model.Configuration.MaxPositions);
        TokenizedTexts pairs = model.Tokenize(table, length);
        using ComputeDevice device = _device.Open(parsed, terminal);
        ProgressLine progress = new(terminal);
        float[] probabilities = model.Probabilities(device, pairs, done => progress.Update(() => $"{done} of {table.Count} pairs"), stop);
        progress.Clear();
        if (output is not null)
        {
            OutputTarget.MakeFolderOf(output);
            ProbabilityWriter.Write(output, table.Ids, probabilities);
        }
        else if (table.Count == 1)
            terminal.WriteLine($"{Shown(probabilities[0])} is the probability that the second text follows the first.");
        else
            terminal.WriteTable(["id", ">probability"], table.Ids.Zip(probabilities, (id, probability) => (string[])[id, Shown(probability)]));
        EvaluationReport.SayCut(terminal, pairs.CutTexts, table.Count, length, "pairs");
        if (output is not null)
            terminal.WriteLine($"{table.Count} probabilities written: {output}");
        return CommandLine.Done;
    }

    private static string Shown(float probability) => probability.ToString("G4", CultureInfo.InvariantCulture);
}
