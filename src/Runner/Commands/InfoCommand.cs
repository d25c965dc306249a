using System.CommandLine;
using Engine.Model;
using Engine.Model.Checkpoints;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Runner.Commands;

/// <summary><c>engine info MODEL</c>: says what a model folder holds.</summary>
internal sealed class InfoCommand : ICommandDefinition
{
    private readonly Argument<string> _folder = new("MODEL") { Description = "Model folder in Hugging Face's layout." };
    private readonly Option<bool> _tensors = Options.OptionFactory.Switch("--tensors", "List every tensor with its shape and type.");

    /// <inheritdoc/>
    public string[] Examples => ["engine info weights/all-MiniLM-L6-v2", "engine info runs/tweets --tensors"];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("info", "Says what a model folder holds: shape, head, classes, vocabulary, tensors.");
        command.Add(_folder);
        command.Add(_tensors);
        command.SetAction(parsed => Run(parsed, terminal));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal)
    {
        string folder = parsed.GetRequiredValue(_folder);
        BertConfiguration configuration = BertConfiguration.Load(folder);
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(folder);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        terminal.WriteLine($"model       {folder}");
        terminal.WriteLine(
            $"encoder     {configuration.LayerCount} layers, hidden size {configuration.HiddenSize}, {configuration.HeadCount} attention heads, "
            + $"intermediate size {configuration.IntermediateSize}");
        terminal.WriteLine($"positions   {configuration.MaxPositions}, segments {configuration.SegmentCount}");
        terminal.WriteLine($"activation  {(configuration.Gelu == Kernels.GeluForm.Erf ? "GELU, exact (erf)" : "GELU, tanh form")}");
        terminal.WriteLine($"dropout     {configuration.HiddenDropout} hidden, {configuration.AttentionDropout} attention");
        terminal.WriteLine($"vocabulary  {tokenizer.Vocabulary.Count} tokens, {(tokenizer.Options.Lowercase ? "uncased" : "cased")}");
        terminal.WriteLine(
            $"tensors     {file.Tensors.Count}, {file.Tensors.Values.Sum(tensor => tensor.Count):N0} numbers, "
            + $"{string.Join(", ", file.Tensors.Values.Select(tensor => tensor.TypeName).Distinct().Order())}");
        terminal.WriteLine(configuration.Head is HeadOptions head
            ? $"head        {head.Kind}, dropout {head.Dropout}, classes {new LabelMap(head.Labels).Describe()}"
            : "head        none: fine-tune it to classify (engine train)");
        terminal.WriteLine($"tasks       {Tasks(PretrainingTensors.HeadsOf(folder))}");
        if (parsed.GetValue(_tensors))
        {
            terminal.WriteLine();
            terminal.WriteTable(["tensor", "shape", "type"], file.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
                .Select(tensor => (string[])[tensor.Name, tensor.ShapeText, tensor.TypeName]));
        }
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
