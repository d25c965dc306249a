using System.CommandLine;
using System.Globalization;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Data;
using Engine.Model.Training;
using Engine.Model.Training.Profiling;
using Engine.Model.Training.Runs;
using Engine.Runner.Options;

namespace Engine.Runner.Commands;

/// <summary><c>engine train</c>: fine-tunes a model on labelled texts.</summary>
internal sealed class TrainCommand : ICommandDefinition
{
    private const string SampleTraining = "samples/disaster-tweets/train.csv";
    private const string SampleTest = "samples/disaster-tweets/test.csv";

    private readonly ModelOption _model = new();
    private readonly DeviceOptions _device = new();
    private readonly ColumnOptions _columns = new();
    private readonly TrainingOptions _training = new();
    private readonly Option<string?> _train = OptionFactory.OptionalText(
        "--train", "FILE", $"Labelled texts: CSV with column names, or JSON lines (.jsonl). [default: {SampleTraining}]");

    private readonly ValidationOption _validation = new();
    private readonly Option<string?> _test = OptionFactory.OptionalText(
        "--test", "FILE", $"Texts to predict with the trained model, into predictions.csv; with labels, the accuracy is printed. [default: {SampleTest}, if --train is left out]");

    private readonly Option<string?> _out = OptionFactory.OptionalText("--out", "FOLDER", "New folder for the model and the predictions. [default: runs/ and the time]");
    private readonly Option<bool> _profile = OptionFactory.Switch(
        "--profile",
        "Print after training where the time went: each operation's share, time, GFLOP/s or GB/s and part of what the device gives at most, which is measured first. "
        + "On GPUs every operation is waited for, which makes steps slower.");

    private readonly ResumeOptions _resume;

    /// <summary>Makes the command's options.</summary>
    public TrainCommand() => _resume = new ResumeOptions(_out);

    /// <inheritdoc/>
    public string[] Examples =>
    [
        "engine train",
        "engine train --train train.csv --test test.csv --out runs/tweets",
        "engine train --train reviews.csv --text-column review --label-column stars --epochs 4 --learning-rate 3e-5 --out runs/reviews",
        "engine train --train pairs.csv --pair-column answer --validation stratified:0.2 --out runs/pairs",
        "engine train --train train.csv --head cls-sigmoid --optimizer keras-adam --learning-rate 2e-6 --out runs/keras",
        "engine train --train train.csv --freeze --head cls-sigmoid --optimizer keras-adam --learning-rate 1e-3 --out runs/head",
        "engine train --train train.csv --epochs 10 --schedule plateau --warmup 100 --plateau-factor 0.5 --out runs/plateau",
        "engine train --resume runs/tweets",
    ];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("train", "Fine-tunes a model on labelled texts and saves it with its predictions.");
        command.Add(_train);
        _validation.AddTo(command);
        command.Add(_test);
        command.Add(_out);
        _resume.AddTo(command);
        _columns.AddTo(command, labels: true);
        _model.AddTo(command);
        _training.AddTo(command);
        _device.AddTo(command);
        command.Add(_profile);
        command.SetAction(parsed => Run(parsed, terminal, stop));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        if (_resume.Folder(parsed) is string folder)
        {
            using RunFolder begun = RunFolder.Continue(folder);
            return Run(_resume.Merge(parsed, begun.Record.Options), folder, begun, terminal, stop);
        }
        string output = parsed.GetValue(_out) ?? Path.Combine("runs", DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
        OutputTarget.CheckRunFolder(output, "--out");
        return Run(parsed, output, null, terminal, stop);
    }

    /// <summary>Trains in a new folder, or in that of a run that has begun.</summary>
    private int Run(ParseResult parsed, string output, RunFolder? begun, Terminal terminal, CancellationToken stop)
    {
        string folder = _model.Folder(parsed);
        TrainingData data = Read(parsed);
        FineTuningSettings settings = _training.Settings(parsed, _device.Seed(parsed), data.Labels.Count);
        if (settings.Loop.Schedule == ScheduleKind.Plateau && data.Validation is null)
            throw new ModelException("--schedule plateau follows the validation loss, and no rows validate; give a --validation that holds some.");
        int[]? testLabels = data.Test?.Labels is null ? null : data.Labels.Encode(data.Test);
        using ComputeDevice device = _device.Open(parsed, terminal);
        TrainingProfile? profile = parsed.GetValue(_profile) ? TrainingProfile.Start(device) : null;
        using FineTuning run = FineTuning.Prepare(device, folder, settings, data.Labels, data.Training, data.Validation);
        IReadOnlyDictionary<string, string> described = run.Describe();
        begun?.Record.CheckSame(output, described);
        TrainingCheckpoint? from = begun?.FindCheckpoint(message => terminal.Error.WriteLine($"engine: {message}"));
        using RunFolder saved = begun ?? RunFolder.Start(output, new RunRecord(_resume.Given(parsed, Files(parsed, folder)), described));
        TrainingReport report = new(terminal, data, settings);
        report.Begin(device, folder, run);
        if (begun is not null)
            report.Continue(from);
        TrainingResult result = run.Run(report.Step, report.Epoch, stop, new RunSaves(saved, _resume.SaveEvery(parsed), from), profile);
        report.Kept(result);
        saved.Complete(
            temporary =>
            {
                run.Save(temporary);
                TrainingLog.Write(Path.Combine(temporary, "training.json"), settings, run.Model.Configuration, data, result);
                if (!result.Stopped)
                    Predict(run, data, testLabels, temporary, terminal, settings);
            },
            isFinished: !result.Stopped);
        report.End(result, output);
        if (profile is not null)
            ProfileReport.Write(terminal, profile.Table());
        return result.Stopped ? CommandLine.Stopped : CommandLine.Done;
    }

    private Dictionary<Option, string?> Files(ParseResult parsed, string folder)
    {
        // How long a run took is no part of it: one that is continued is profiled if that is asked for again.
        Dictionary<Option, string?> files = new() { [_profile] = null, [_model.Option] = folder, [_train] = TrainingFile(parsed), [_test] = TestFile(parsed) };
        if (_validation.File(parsed) is string validation)
            files[_validation.Option] = validation;
        return files;
    }

    private string TrainingFile(ParseResult parsed) => parsed.GetValue(_train) ?? ShippedFiles.Find(SampleTraining, "--train FILE");

    private string? TestFile(ParseResult parsed) =>
        parsed.GetValue(_test) ?? (parsed.GetValue(_train) is null ? ShippedFiles.Find(SampleTest, "--test FILE") : null);

    private static void Predict(FineTuning run, TrainingData data, int[]? testLabels, string folder, Terminal terminal, FineTuningSettings settings)
    {
        TextTable? table = data.Test ?? data.Validation;
        if (table is null)
            return;
        string what = data.Test is null ? "validation" : "test";
        int[]? labels = data.Test is null ? data.Labels.Encode(table) : testLabels;
        (float[] probabilities, float[] losses, int cut) = run.Classify(table, labels);
        int[] predictions = Decision.Classes(probabilities, data.Labels.Count);
        PredictionWriter.Write(Path.Combine(folder, "predictions.csv"), table.Ids, data.Labels, predictions, probabilities);
        EvaluationReport.SayCut(terminal, cut, table.Count, settings.MaxLength, $"{what} texts");
        if (labels is null || data.Test is null)
            return;
        Evaluation evaluation = new(data.Labels.Count, labels, probabilities, losses);
        MajorityBaseline majority = MajorityBaseline.Of(data.Labels.Count, data.Labels.Encode(data.Training), labels);
        terminal.WriteLine(
            $"Test accuracy {EvaluationReport.Accuracy(evaluation, majority, data.Labels)}, "
            + $"F1 {evaluation.F1:F4}, AUC {evaluation.AreaUnderCurve():F4} on {table.Count} rows of {table.Source}");
        EvaluationReport.WarnIfUniform(terminal, evaluation, data.Labels);
    }

    private TrainingData Read(ParseResult parsed)
    {
        ColumnNames columns = _columns.Names(parsed);
        string trainingFile = TrainingFile(parsed);
        string? testFile = TestFile(parsed);
        TextTable all = TextTable.Read(trainingFile, columns, LabelColumn.Required);
        LabelMap labels = LabelMap.FromTable(all);
        TextTable? test = testFile is null ? null : TextTable.Read(testFile, columns, LabelColumn.Optional);
        if (_validation.File(parsed) is string validationFile)
            return new TrainingData(labels, all, TextTable.Read(validationFile, columns, LabelColumn.Required), test);
        int[] numbers = labels.Encode(all);
        DataSplit split = _validation.Split(parsed, all, numbers, _device.Seed(parsed));
        if (split.Training.Select(row => numbers[row]).Distinct().Count() < 2)
            throw new ModelException(
                $"{trainingFile}: the {split.Training.Length} rows that would train (validation takes the others) hold fewer than two classes; at least two were expected; "
                + "give --validation stratified:0.2, a smaller part, or more rows.");
        return new TrainingData(labels, all.Select(split.Training), split.Validation.Length == 0 ? null : all.Select(split.Validation), test);
    }
}
