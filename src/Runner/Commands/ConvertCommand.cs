using System.CommandLine;
using System.Diagnostics;
using Engine.Kernels;
using Engine.Model;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Runner.Options;

namespace Engine.Runner.Commands;

/// <summary><c>engine convert SOURCE</c>: brings a checkpoint into Hugging Face's layout.</summary>
internal sealed class ConvertCommand : ICommandDefinition
{
    private static readonly Dictionary<string, TensorType> Types = new()
    {
        ["float32"] = TensorType.F32,
        ["float16"] = TensorType.F16,
        ["bfloat16"] = TensorType.BF16,
    };

    private static readonly Dictionary<string, ConvertedTokenizer?> Tokenizers = new()
    {
        ["auto"] = null,
        ["huggingface"] = ConvertedTokenizer.HuggingFace,
        ["google"] = ConvertedTokenizer.Google,
        ["tftext"] = ConvertedTokenizer.TensorFlowText,
    };

    private static readonly Dictionary<string, GeluForm?> Gelus = new() { ["auto"] = null, ["erf"] = GeluForm.Erf, ["tanh"] = GeluForm.Tanh };

    private static readonly Dictionary<string, Pooling?> States = new()
    {
        ["auto"] = null,
        ["cls"] = Pooling.Cls,
        ["pooled"] = Pooling.Pooled,
        ["none"] = null,
    };

    private readonly Argument<string> _source = OptionFactory.Path(
        "SOURCE", "The checkpoint: a folder, a checkpoint's prefix or one of its files, or the .tar.gz, .tar or .zip as downloaded.");

    private readonly Option<string> _out = OptionFactory.RequiredText("--out", "FOLDER", "Where to write; a new folder.");
    private readonly Option<string> _type = OptionFactory.Choice("--dtype", "float32", "Type of the written weights.", Types.Keys);
    private readonly Option<string?> _vocabulary = OptionFactory.OptionalText("--vocab", "FILE", "The vocabulary, where the model has none beside it.");
    private readonly Option<bool> _cased = OptionFactory.Switch("--cased", "Keep upper case, whatever the model says.");
    private readonly Option<bool> _uncased = OptionFactory.Switch("--uncased", "Turn text to lower case, whatever the model says.");
    private readonly Option<int> _heads = OptionFactory.Integer(
        "--heads", 0, 0, "Attention heads, where neither the tensors nor a configuration show them. 0: as the model says.");

    private readonly Option<string> _gelu = OptionFactory.Choice(
        "--gelu", "auto", "Form of the activation; auto: tanh for TensorFlow's models, as the configuration says for Hugging Face's.", Gelus.Keys);

    private readonly Option<string> _tokenizer = OptionFactory.Choice(
        "--tokenizer", "auto",
        "Whose tokenizer the model gets: Hugging Face's, the one of Google's scripts (FullTokenizer) or TensorFlow Text's. auto: google for TensorFlow's models, "
        + "tftext where the preprocessing model comes with them, else as the source has it.",
        Tokenizers.Keys);

    private readonly Option<string> _classifier = OptionFactory.Choice(
        "--classifier", "auto",
        "What a classifier in the checkpoint stands on: the [CLS] state or the pooled output; none leaves it out. auto: as the checkpoint tells.", States.Keys);

    private readonly ConversionCheck _check = new();

    /// <inheritdoc/>
    public string[] Examples =>
    [
        "engine convert bert_en_uncased_L-12_H-768_A-12_4.tar.gz --out models/bert-base",
        "engine convert uncased_L-12_H-768_A-12/bert_model.ckpt --out models/bert-base --dtype bfloat16 --verify",
        "engine convert runs/keras-model --out models/tweets --classifier cls",
        "engine info models/bert-base --check",
    ];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new(
            "convert",
            "Brings a BERT into Hugging Face's layout, which all other commands read: SavedModels from TF-Hub and Kaggle Models, TF1 hub modules, Google's checkpoints, those of "
            + "training runs, Keras models around a hub layer, and Hugging Face's folders of one or several safetensors files. Finds out what it has, checks it, and writes "
            + "conversion.json with the origin of every tensor.");
        command.Add(_source);
        foreach (Option option in new Option[] { _out, _type, _vocabulary, _cased, _uncased, _heads, _gelu, _tokenizer, _classifier })
            command.Add(option);
        _check.AddTo(command);
        command.SetAction(parsed => Run(parsed, terminal, stop));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        string output = parsed.GetRequiredValue(_out);
        OutputTarget.CheckFolder(output, "--out");
        ConversionOptions options = Read(parsed) with { WorkFolder = OutputTarget.ExistingFolderAbove(output, "--out") };
        using CheckpointConversion conversion = CheckpointConversion.Open(parsed.GetRequiredValue(_source), options, stop);
        terminal.WriteLine(conversion.Description);
        foreach (string setting in conversion.Settings)
            terminal.WriteLine($"  {setting}");
        foreach (string note in conversion.Notes)
            terminal.WriteLine($"  note: {note}");
        foreach (LeftOut group in conversion.LeftOut)
            terminal.WriteLine($"  left out: {group.Names.Count} {(group.Names.Count == 1 ? "tensor" : "tensors")}, {group.Reason}: {Some(group.Names)}");

        long started = Stopwatch.GetTimestamp();
        ProgressLine progress = new(terminal);
        double seconds = 0;
        conversion.Write(output, state => progress.Update(() => Line(state, started)), stop, check: folder =>
        {
            seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            progress.Clear();
            _check.Run(parsed, terminal, conversion, folder);
        });
        terminal.WriteLine(
            $"{conversion.TensorCount} tensors written: {output} ({Megabytes(conversion.ByteCount)} in {seconds:F1} s, {Rate(conversion.ByteCount, seconds)}, "
            + $"{Megabytes(PeakMemory)} of memory)");
        return CommandLine.Done;
    }

    private ConversionOptions Read(ParseResult parsed)
    {
        bool cased = parsed.GetValue(_cased), uncased = parsed.GetValue(_uncased);
        if (cased && uncased)
            throw new ModelException("--cased and --uncased: one of them was expected");
        string classifier = parsed.GetRequiredValue(_classifier);
        return new ConversionOptions
        {
            Type = Types[parsed.GetRequiredValue(_type)],
            Vocabulary = parsed.GetValue(_vocabulary),
            Lowercase = cased ? false : uncased ? true : null,
            Heads = parsed.GetValue(_heads) is > 0 and var heads ? heads : null,
            Gelu = Gelus[parsed.GetRequiredValue(_gelu)],
            Tokenizer = Tokenizers[parsed.GetRequiredValue(_tokenizer)],
            ClassifierState = States[classifier],
            KeepClassifier = classifier != "none",
        };
    }

    private static long PeakMemory => Process.GetCurrentProcess().PeakWorkingSet64;

    private static string Line(ConversionProgress state, long started) =>
        $"{state.Step}: {Megabytes(state.Done)} of {Megabytes(state.Total)}, {Rate(state.Done, Stopwatch.GetElapsedTime(started).TotalSeconds)}, "
        + $"memory {Megabytes(Environment.WorkingSet)}";

    private static string Megabytes(long bytes) => bytes < 10_000_000 ? $"{bytes / 1e6:F1} MB" : $"{bytes / 1e6:F0} MB";

    private static string Rate(long bytes, double seconds) => $"{bytes / 1e6 / Math.Max(seconds, 1e-3):F0} MB/s";

    private static string Some(IReadOnlyList<string> names) => string.Join(", ", names.Take(3)) + (names.Count > 3 ? ", ..." : "");
}
