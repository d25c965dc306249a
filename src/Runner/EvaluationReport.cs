using Engine.Model.Data;
using Engine.Model.Training;

namespace Engine.Runner;

/// <summary>Prints how a model does on labelled rows.</summary>
internal static class EvaluationReport
{
    /// <summary>The share of rows that are right, beside the majority class's.</summary>
    public static string Accuracy(Evaluation evaluation, MajorityBaseline majority, LabelMap labels) =>
        $"{evaluation.Accuracy:F4} (always \"{labels.Names[majority.Class]}\": {majority.Accuracy:F4})";

    /// <summary>Prints all figures and the confusion matrix.</summary>
    public static void Write(Terminal terminal, Evaluation evaluation, MajorityBaseline majority, LabelMap labels)
    {
        string of = labels.Count == 2 ? $"of \"{labels.Names[1]}\"" : "mean over the classes";
        terminal.WriteLine($"rows       {evaluation.Count}");
        terminal.WriteLine($"loss       {evaluation.Loss:F4}");
        terminal.WriteLine($"accuracy   {Accuracy(evaluation, majority, labels)}");
        terminal.WriteLine($"precision  {evaluation.Precision:F4} {of}");
        terminal.WriteLine($"recall     {evaluation.Recall:F4} {of}");
        terminal.WriteLine($"F1         {evaluation.F1:F4} {of}");
        terminal.WriteLine($"AUC        {evaluation.AreaUnderCurve():F4} {of}");
        if (labels.Count > 2)
        {
            terminal.WriteLine();
            terminal.WriteTable(["class", ">rows", ">precision", ">recall", ">F1"], Enumerable.Range(0, labels.Count).Select(label => (string[])
            [
                labels.Names[label], $"{evaluation.Confusion.Support(label)}", $"{evaluation.Confusion.Precision(label):F4}",
                $"{evaluation.Confusion.Recall(label):F4}", $"{evaluation.Confusion.F1(label):F4}",
            ]));
        }
        terminal.WriteLine();
        terminal.WriteLine("Confusion matrix (rows: true class, columns: predicted class)");
        terminal.WriteTable(
            ["", .. labels.Names.Select(name => $">{name}")],
            Enumerable.Range(0, labels.Count).Select(label => (string[])
                [labels.Names[label], .. Enumerable.Range(0, labels.Count).Select(prediction => $"{evaluation.Confusion[label, prediction]}")]));
        WarnIfUniform(terminal, evaluation, labels);
    }

    /// <summary>Says so where all predictions are alike.</summary>
    public static void WarnIfUniform(Terminal terminal, Evaluation evaluation, LabelMap labels)
    {
        if (evaluation.IsUniform)
            terminal.WriteLine($"All {evaluation.Count} predictions are alike (\"{labels.Names[evaluation.Predictions[0]]}\"): the model tells nothing apart.");
    }

    /// <summary>Says how many texts were cut, if any.</summary>
    public static void SayCut(Terminal terminal, int cut, int all, int length, string what)
    {
        if (cut > 0)
            terminal.WriteLine($"{cut} of {all} {what} were longer than {length} tokens and were cut (--max-length).");
    }
}
