using System.CommandLine;
using Engine.Model;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Runner.Commands;

/// <summary><c>engine info MODEL</c>: says what a model folder holds.</summary>
internal sealed class InfoCommand : ICommandDefinition
{
    private readonly Argument<string> _folder = Options.OptionFactory.Path("MODEL", "Model folder in Hugging Face's layout.");
    private readonly Option<bool> _tensors = Options.OptionFactory.Switch("--tensors", "List every tensor with its shape and type.");

    private readonly Option<bool> _check = Options.OptionFactory.Switch(
        "--check", "Compare a converted folder's files with the hashes in its conversion.json, and do nothing else.");

    /// <inheritdoc/>
    public string[] Examples => ["engine info weights/all-MiniLM-L6-v2", "engine info runs/tweets --tensors", "engine info --check models/bert-base"];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("info", "Says what a model folder holds: shape, head, classes, vocabulary, tensors.");
        command.Add(_folder);
        command.Add(_tensors);
        command.Add(_check);
        command.SetAction(parsed => parsed.GetValue(_check) ? Check(parsed, terminal, stop) : Run(parsed, terminal));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal)
    {
        string folder = parsed.GetRequiredValue(_folder);
        BertConfiguration configuration = BertConfiguration.Load(folder);
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(folder);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        ConversionOrigin? converted = ConversionOrigin.Read(folder);
        terminal.WriteLine($"model       {folder}");
        terminal.WriteLine(
            $"encoder     {configuration.LayerCount} layers, hidden size {configuration.HiddenSize}, {configuration.HeadCount} attention heads, "
            + $"intermediate size {configuration.IntermediateSize}");
        terminal.WriteLine($"positions   {configuration.MaxPositions}, segments {configuration.SegmentCount}");
        terminal.WriteLine($"activation  {(configuration.Gelu == Kernels.GeluForm.Erf ? "GELU, exact (erf)" : "GELU, tanh form")}");
        terminal.WriteLine($"dropout     {configuration.HiddenDropout} hidden, {configuration.AttentionDropout} attention");
        terminal.WriteLine($"vocabulary  {tokenizer.Vocabulary.Count} tokens, {(tokenizer.Options.Lowercase ? "uncased" : "cased")}, tokenizer {tokenizer.Options.Convention.Name()}");
        terminal.WriteLine(
            $"tensors     {file.Tensors.Count}, {file.Tensors.Values.Sum(tensor => tensor.Count):N0} numbers, "
            + $"{string.Join(", ", file.Tensors.Values.Select(tensor => tensor.TypeName).Distinct().Order())}");
        terminal.WriteLine(configuration.Head is HeadOptions head
            ? $"head        {head.Kind}, dropout {head.Dropout}, classes {new LabelMap(head.Labels).Describe()}"
            : "head        none: fine-tune it to classify (engine train)");
        terminal.WriteLine($"tasks       {Tasks(PretrainingTensors.HeadsOf(folder))}");
        if (converted is { } origin)
            terminal.WriteLine($"origin      {origin.Kind}, converted from {origin.Source}");
        if (parsed.GetValue(_tensors))
        {
            terminal.WriteLine();
            terminal.WriteTable(["tensor", "shape", "type"], file.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
                .Select(tensor => (string[])[tensor.Name, tensor.ShapeText, tensor.TypeName]));
        }
        return CommandLine.Done;
    }

    private int Check(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        string folder = parsed.GetRequiredValue(_folder);
        ConversionOrigin origin = ConversionOrigin.Read(folder)
            ?? throw new ModelException($"{folder}: has no conversion.json to compare with, expected a folder that engine convert wrote");
        ProgressLine progress = new(terminal);
        IReadOnlyList<string> changes = origin.FindChanges(done => progress.Update(() => $"{done / 1e6:F0} of {origin.ByteCount / 1e6:F0} MB"), stop);
        progress.Clear();
        if (changes.Count > 0)
            throw new ModelException($"{string.Join("; ", changes)}; the folder is not as it was converted: convert the checkpoint again, or take the change as wanted");
        terminal.WriteLine($"all files of {folder} are as they were converted ({origin.Kind}, {origin.Source})");
        return CommandLine.Done;
    }

    private static string Tasks(PretrainingHeads heads) => heads == PretrainingHeads.None
        ? "none of pre-training's: no masked-language-model head, no next-sentence head"
        : string.Join(", ", new[]
        {
            heads.HasFlag(PretrainingHeads.MaskedLanguage) ? "masked language model (engine fill-mask)" : null,
            heads.HasFlag(PretrainingHeads.NextSentence) ? "next sentence (engine next-sentence)" : null,
        }.OfType<string>());
}
