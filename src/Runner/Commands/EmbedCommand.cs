using System.CommandLine;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Runner.Options;
using Engine.Tokenizer;

namespace Engine.Runner.Commands;

/// <summary><c>engine embed</c>: writes one vector for each text.</summary>
internal sealed class EmbedCommand : ICommandDefinition
{
    private static readonly Dictionary<string, Pooling> Poolings = new() { ["mean"] = Pooling.Mean, ["cls"] = Pooling.Cls, ["pooled"] = Pooling.Pooled };

    private readonly ModelOption _model = new();
    private readonly DeviceOptions _device = new();
    private readonly ColumnOptions _columns = new();
    private readonly Option<string> _input = OptionFactory.RequiredText("--input", "FILE", "Texts: CSV with column names, or JSON lines (.jsonl).");
    private readonly Option<string> _out = OptionFactory.RequiredText(
        "--out", "FILE", "Where to write: CSV (id, v0, v1, ...), or JSON lines with id and embedding (.jsonl).");

    private readonly Option<bool> _overwrite = OptionFactory.Switch("--overwrite", "Replace --out where it exists.");
    private readonly Option<string> _pooling = OptionFactory.Choice(
        "--pooling", "mean", "How a text's states become one vector: their mean, the [CLS] state, or the pooler's output.", Poolings.Keys);

    private readonly Option<string> _normalize = OptionFactory.Choice(
        "--normalize", "true", "Scale each vector to length 1, as all-MiniLM-L6-v2 is meant to be used.", ["true", "false"]);

    private readonly Option<int> _length = OptionFactory.MaxLength(256);

    /// <inheritdoc/>
    public string[] Examples => ["engine embed --input texts.csv --out vectors.csv", "engine embed --input texts.jsonl --out vectors.jsonl --pooling cls --normalize false"];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("embed", "Writes one vector for each text: near vectors, near meanings.");
        foreach (Option option in new Option[] { _input, _out, _overwrite, _pooling, _normalize, _length })
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
        string folder = _model.Folder(parsed);
        BertConfiguration configuration = BertConfiguration.Load(folder);
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(folder);
        TextTable table = TextTable.Read(parsed.GetRequiredValue(_input), _columns.Names(parsed), LabelColumn.Ignored);
        int length = parsed.GetValue(_length);
        TokenizedTexts texts = TextLengths.Encode(tokenizer, configuration, table, length);
        using ComputeDevice device = _device.Open(parsed, terminal);
        ProgressLine progress = new(terminal);
        float[] vectors = TextEmbedder.Embed(
            device, folder, texts, Poolings[parsed.GetRequiredValue(_pooling)], parsed.GetValue(_normalize) == "true",
            done => progress.Update(() => $"{done} of {table.Count} rows"), stop);
        progress.Clear();
        OutputTarget.MakeFolderOf(output);
        EmbeddingWriter.Write(output, table.Ids, vectors);
        EvaluationReport.SayCut(terminal, texts.CutTexts, table.Count, length, "texts");
        terminal.WriteLine($"{table.Count} vectors of {configuration.HiddenSize} numbers written: {output}");
        return CommandLine.Done;
    }
}
