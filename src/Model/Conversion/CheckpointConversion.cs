using Engine.Compute;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion.Verification;
using Engine.Tokenizer;

namespace Engine.Model.Conversion;

/// <summary>
/// A conversion of a checkpoint into a folder in Hugging Face's layout. Opening it recognizes the source and decides everything; nothing is written
/// before <see cref="Write"/>.
/// </summary>
public sealed class CheckpointConversion : IDisposable
{
    private readonly SourceModel source;
    private readonly ConversionPlan plan;
    private readonly ConvertedTokenizerFiles tokenizer;
    private readonly ConversionOptions options;
    private readonly List<string> notes;

    private CheckpointConversion(
        SourceModel source, ConversionPlan plan, ConvertedTokenizerFiles tokenizer, ConversionOptions options, List<string> notes)
    {
        this.source = source;
        this.plan = plan;
        this.tokenizer = tokenizer;
        this.options = options;
        this.notes = notes;
    }

    /// <summary>What the source is, in one line: its kind, the sizes of the encoder and the heads.</summary>
    public string Description
    {
        get
        {
            var sizes = plan.Sizes;
            var parts = new List<string>
            {
                source.Kind, $"{sizes.Layers} layers", $"hidden {sizes.Hidden}", $"{sizes.Heads} attention heads", $"{sizes.Vocabulary} tokens",
                $"{sizes.Positions} positions", tokenizer.Lowercase ? "uncased" : "cased",
            };
            if (!plan.HasPooler)
                parts.Add("no pooler");
            if (plan.Pretraining != PretrainingHeads.None)
                parts.Add(PretrainingTensors.Describe(plan.Pretraining));
            if (plan.Classifier is { } head)
                parts.Add($"classifier {head.Kind} of {head.Labels.Count} classes");
            return string.Join(", ", parts);
        }
    }

    /// <summary>What was decided and why, in one line each.</summary>
    public IReadOnlyList<string> Settings =>
    [
        $"activation: GELU, {(plan.Gelu.Form == GeluForm.Erf ? "exact (erf)" : "tanh form")}: {plan.Gelu.Reason}",
        $"tokenizer: {ConvertedTokenizerFiles.Name(tokenizer.Kind)}: {tokenizer.KindReason}; {(tokenizer.Lowercase ? "uncased" : "cased")}: {tokenizer.LowercaseReason}",
    ];

    /// <summary>What was assumed, and what the user should know.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>What is not carried over.</summary>
    public IReadOnlyList<LeftOut> LeftOut => plan.LeftOut;

    /// <summary>The number of tensors that will be written.</summary>
    public int TensorCount => plan.Tensors.Count;

    /// <summary>The bytes of those tensors in the source.</summary>
    public long ByteCount => plan.Tensors.Sum(tensor => tensor.From.Entry.ByteCount);

    /// <summary>Opens a source and plans its conversion.</summary>
    /// <param name="path">A folder, a checkpoint's prefix or one of its files, or an archive.</param>
    /// <param name="options">What the user says about it.</param>
    /// <param name="stop">Stops the unpacking of an archive.</param>
    /// <exception cref="ModelException">It is nothing that can be converted; the message says what it is and what was expected.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static CheckpointConversion Open(string path, ConversionOptions options, CancellationToken stop = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        var source = SourceRecognition.Open(path, options.WorkFolder ?? Path.GetTempPath(), stop);
        try
        {
            var plan = ConversionPlan.Make(source, options);
            var notes = new List<string>(plan.Notes);
            var tokenizer = ConvertedTokenizerFiles.Decide(source, options, plan.Sizes, notes);
            return new CheckpointConversion(source, plan, tokenizer, options, notes);
        }
        catch (Exception exception)
        {
            source.Dispose();
            if (exception is ModelException model)
                throw source.Describe(model);
            throw;
        }
    }

    /// <summary>Writes the folder. It appears under its name only when it is complete.</summary>
    /// <param name="folder">The folder; it must not exist, or be empty.</param>
    /// <param name="progress">Told where the work stands.</param>
    /// <param name="stop">Stops it; nothing is left then.</param>
    /// <param name="check">Given the complete folder before it gets its name, for <see cref="Verify"/>; nothing is left where it throws.</param>
    /// <exception cref="ModelException">The source is damaged, or the folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public void Write(
        string folder, Action<ConversionProgress>? progress = null, CancellationToken stop = default, Action<string>? check = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        CheckApart(folder);
        try
        {
            WriteFiles(folder, progress, stop, check);
        }
        catch (ModelException exception)
        {
            throw source.Describe(exception);
        }
    }

    private void WriteFiles(string folder, Action<ConversionProgress>? progress, CancellationToken stop, Action<string>? check)
    {
        long total = ByteCount, done = 0;
        Action<long> Step(string step, bool counts) => bytes =>
        {
            stop.ThrowIfCancellationRequested();
            done += counts ? bytes : 0;
            progress?.Invoke(new ConversionProgress(done, total, step));
        };
        AtomicFolder.Write(folder, temporary =>
        {
            stop.ThrowIfCancellationRequested();
            HashedFile Text(string name, byte[] bytes) => HashedFile.Write(temporary, name, options.Flush, stream => stream.Write(bytes));
            HashedFile Copied(string path) => Text(Path.GetFileName(path), File.ReadAllBytes(path));
            var weights = new ConvertedWeights(source.Tensors, Step("weights", counts: true));
            var written = new List<HashedFile>
            {
                Text(BertConfiguration.FileName, JsonText.Utf8(plan.Configuration)),
                Text(ConvertedTokenizerFiles.VocabularyName, File.ReadAllBytes(tokenizer.VocabularyPath)),
                Text(ConvertedTokenizerFiles.ConfigurationName, JsonText.Utf8(tokenizer.Configuration)),
            };
            written.AddRange(tokenizer.Others.Select(Copied));
            CheckReadable(temporary);
            written.Add(HashedFile.Write(temporary, ModelFolder.WeightsName, options.Flush, stream => weights.Write(stream, folder, plan.Tensors, options.Type)));
            var hash = Step("hashes of the source", counts: false);
            var read = source.RecordedFiles(tokenizer.VocabularyPath).Select(path => HashedFile.Of(source.RecordedFolder, path, hash));
            Text(ConversionRecord.FileName, JsonText.Utf8(ConversionRecord.Make(source, plan, tokenizer, options, notes, [.. read], written)));
            check?.Invoke(temporary);
        });
    }

    /// <summary>
    /// Computes one input twice, from the source's own tensors in double precision and from a converted folder by the engine, and compares all states, the
    /// pooled output and the logits of the pre-training heads.
    /// </summary>
    /// <param name="folder">The conversion.</param>
    /// <param name="device">Where the engine computes.</param>
    /// <param name="seed">Decides the input.</param>
    /// <exception cref="ModelException">Source or folder cannot be read, or one has what the other lacks.</exception>
    public VerificationReport Verify(string folder, ComputeDevice device, ulong seed)
    {
        var names = source.Variables.SelectMany(variable => variable.Names.Select(name => KeyValuePair.Create(name, variable.Key)));
        var settings = ReferenceSettings.Of(source, plan.Sizes.Heads, options.Gelu);
        var outputs = ConversionVerification.Compare(source.Tensors, [.. names], settings, folder, device, options.Type, seed);
        return new VerificationReport(source.Path, outputs);
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();

    /// <summary>Refuses texts that this project itself would not take, before the weights are written.</summary>
    private void CheckReadable(string temporary)
    {
        try
        {
            BertConfiguration.Load(temporary);
            WordPieceTokenizer.Load(temporary);
        }
        catch (Exception exception) when (exception is ModelException or InvalidDataException)
        {
            string vocabulary = Path.Combine(temporary, ConvertedTokenizerFiles.VocabularyName);
            string message = exception.Message.Replace(vocabulary, tokenizer.VocabularyPath, StringComparison.Ordinal);
            throw new ModelException(message.Replace(temporary, source.Folder, StringComparison.Ordinal), exception);
        }
    }

    /// <summary>Refuses a result that would lie over its source.</summary>
    private void CheckApart(string folder)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string? inside = source.Files.FirstOrDefault(file => Path.GetFullPath(file).StartsWith(target + Path.DirectorySeparatorChar, StringComparison.Ordinal));
        if (inside is not null)
            throw new ModelException($"{folder}: holds the source ({inside}), and a new folder was expected; give another path");
    }
}
