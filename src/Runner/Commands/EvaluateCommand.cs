using System.CommandLine;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Model.Training;
using Engine.Runner.Options;
using Engine.Tokenizer;

namespace Engine.Runner.Commands;

/// <summary><c>engine evaluate</c>: measures a model on labelled rows.</summary>
internal sealed class EvaluateCommand : ICommandDefinition
{
    private readonly ModelOption _model = new();
    private readonly DeviceOptions _device = new();
    private readonly ColumnOptions _columns = new();
    private readonly Option<string> _input = OptionFactory.RequiredText("--input", "FILE", "Labelled texts: CSV with column names, or JSON lines (.jsonl).");
    private readonly Option<double> _threshold = OptionFactory.Real(
        "--threshold", "P", 0.5, "Of two classes, the second one is predicted where its probability is at least this.", value => value is >= 0 and <= 1, "a number from 0 to 1");

    private readonly Option<int> _length = OptionFactory.MaxLength(160);

    /// <inheritdoc/>
    public string[] Examples => ["engine evaluate --model runs/tweets --input labelled.csv"];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("evaluate", "Prints accuracy, precision, recall, F1, AUC and the confusion matrix on a labelled file.");
        foreach (Option option in new Option[] { _input, _threshold, _length })
            command.Add(option);
        _columns.AddTo(command, labels: true);
        _model.AddTo(command);
        _device.AddTo(command);
        command.SetAction(parsed => Run(parsed, terminal, stop));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        TextClassifier classifier = TextClassifier.Open(_model.Folder(parsed));
        LabelMap labels = classifier.Labels;
        if (labels.Count != 2 && parsed.GetResult(_threshold) is { Implicit: false })
            throw new ModelException($"--threshold: the model has {labels.Count} classes, and two were expected; leave it out, the most probable class is predicted.");
        TextTable table = TextTable.Read(parsed.GetRequiredValue(_input), _columns.Names(parsed), LabelColumn.Required);
        int[] numbers = labels.Encode(table);
        int length = parsed.GetValue(_length);
        TokenizedTexts texts = classifier.Tokenize(table, length);
        using ComputeDevice device = _device.Open(parsed, terminal);
        ProgressLine progress = new(terminal);
        (float[] probabilities, float[] losses) = classifier.Classify(device, texts, numbers, done => progress.Update(() => $"{done} of {table.Count} rows"), stop);
        progress.Clear();
        Evaluation evaluation = new(labels.Count, numbers, probabilities, losses, parsed.GetValue(_threshold));
        EvaluationReport.SayCut(terminal, texts.CutTexts, table.Count, length, "texts");
        EvaluationReport.Write(terminal, evaluation, MajorityBaseline.Of(labels.Count, numbers, numbers), labels);
        return CommandLine.Done;
    }
}
