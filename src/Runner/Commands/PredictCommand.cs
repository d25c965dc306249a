using System.CommandLine;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Model.Training;
using Engine.Runner.Options;
using Engine.Tokenizer;

namespace Engine.Runner.Commands;

/// <summary><c>engine predict</c>: writes label and probability of every row.</summary>
internal sealed class PredictCommand : ICommandDefinition
{
    private readonly ModelOption _model = new();
    private readonly DeviceOptions _device = new();
    private readonly ColumnOptions _columns = new();
    private readonly Option<string> _input = OptionFactory.RequiredText("--input", "FILE", "Texts: CSV with column names, or JSON lines (.jsonl).");
    private readonly Option<string> _out = OptionFactory.RequiredText(
        "--out", "FILE", "Where to write the columns id, label and probability (that of the label): CSV, or JSON lines (.jsonl).");

    private readonly Option<bool> _overwrite = OptionFactory.Switch("--overwrite", "Replace --out where it exists.");
    private readonly Option<double> _threshold = OptionFactory.Real(
        "--threshold", "P", 0.5, "Of two classes, the second one is predicted where its probability is at least this.", value => value is >= 0 and <= 1, "a number from 0 to 1");

    private readonly Option<string?> _only = OptionFactory.OptionalText("--only", "LABEL", "Write only the rows that are predicted as this class.");
    private readonly Option<bool> _all = OptionFactory.Switch("--all-probabilities", "Add the probability of every class.");
    private readonly Option<int> _length = OptionFactory.MaxLength(160);

    /// <inheritdoc/>
    public string[] Examples =>
    [
        "engine predict --model runs/tweets --input new.csv --out predictions.csv",
        "engine predict --model runs/tweets --input new.csv --out disasters.jsonl --threshold 0.7 --only 1",
    ];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("predict", "Writes the label and its probability for every row of a file.");
        foreach (Option option in new Option[] { _input, _out, _overwrite, _threshold, _only, _all, _length })
            command.Add(option);
        _columns.AddTo(command, labels: false);
        _model.AddTo(command);
        _device.AddTo(command);
        command.SetAction(parsed => Run(parsed, terminal, stop));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        string output = parsed.GetRequiredValue(_out);
        OutputTarget.CheckFile(output, "--out", parsed.GetValue(_overwrite));
        TextClassifier classifier = TextClassifier.Open(_model.Folder(parsed));
        LabelMap labels = classifier.Labels;
        if (labels.Count != 2 && parsed.GetResult(_threshold) is { Implicit: false })
            throw new ModelException($"--threshold: the model has {labels.Count} classes, and two were expected; leave it out, the most probable class is predicted.");
        int? only = null;
        if (parsed.GetValue(_only) is string name)
            only = labels.TryGetNumber(name, out int number)
                ? number
                : throw new ModelException($"--only {name}: one of the model's classes {labels.Describe()} was expected; give one of them.");
        TextTable table = TextTable.Read(parsed.GetRequiredValue(_input), _columns.Names(parsed), LabelColumn.Ignored);
        int length = parsed.GetValue(_length);
        TokenizedTexts texts = classifier.Tokenize(table, length);
        using ComputeDevice device = _device.Open(parsed, terminal);
        ProgressLine progress = new(terminal);
        (float[] probabilities, _) = classifier.Classify(device, texts, null, done => progress.Update(() => $"{done} of {table.Count} rows"), stop);
        progress.Clear();
        int[] predictions = Decision.Classes(probabilities, labels.Count, parsed.GetValue(_threshold));
        OutputTarget.MakeFolderOf(output);
        int written = PredictionWriter.Write(output, table.Ids, labels, predictions, probabilities, only, parsed.GetValue(_all));
        EvaluationReport.SayCut(terminal, texts.CutTexts, table.Count, length, "texts");
        if (predictions.Length > 1 && Array.TrueForAll(predictions, prediction => prediction == predictions[0]))
            terminal.WriteLine($"All {predictions.Length} predictions are alike (\"{labels.Names[predictions[0]]}\").");
        terminal.WriteLine($"{written} of {table.Count} rows written: {output}");
        return CommandLine.Done;
    }
}
