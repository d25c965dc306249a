using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.Archives;

namespace Engine.Model.Conversion;

/// <summary>A checkpoint that was opened and recognized, before its tensors are matched with a BERT's.</summary>
/// <param name="Path">What the user gave, for messages.</param>
/// <param name="Kind">What it is, in words: "TF1 checkpoint".</param>
/// <param name="Tensors">Its tensors.</param>
/// <param name="Variables">Those that may belong to a model, with their names.</param>
/// <param name="Find">What a name stands for in this kind of checkpoint.</param>
internal sealed record SourceModel(
    string Path, string Kind, ITensorSource Tensors, IReadOnlyList<SourceVariable> Variables, Func<string, TensorRole?> Find) : IDisposable
{
    /// <summary>Whether it was made by TensorFlow.</summary>
    public bool IsTensorFlow { get; init; }

    /// <summary>The folder that the names of <see cref="Files"/> are relative to.</summary>
    public required string Folder { get; init; }

    /// <summary>The paths of the files that the model consists of.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>The configuration that lies beside the weights (<c>config.json</c> or <c>bert_config.json</c>), or null.</summary>
    public JsonFields? Configuration { get; init; }

    /// <summary>The GELU that its makers' code applies where the configuration says <c>gelu</c>, and why.</summary>
    public (GeluForm Form, string Reason) Gelu { get; init; } = (GeluForm.Erf, "\"gelu\" is the exact form in Hugging Face's layout");

    /// <summary>The vocabulary's file, or null.</summary>
    public string? VocabularyPath { get; init; }

    /// <summary>Whether the model says that text is turned to lower case, and where it says so; null where it does not say.</summary>
    public (bool Value, string Reason)? Lowercase { get; init; }

    /// <summary>The settings of the tokenizer that come with the model, or null.</summary>
    public JsonObject? TokenizerConfiguration { get; init; }

    /// <summary>Further files of the tokenizer, copied as they are.</summary>
    public IReadOnlyList<string> TokenizerFiles { get; init; } = [];

    /// <summary>Whether TensorFlow's preprocessing model is part of it.</summary>
    public bool HasPreprocessing { get; init; }

    /// <summary>The classifier that stands on the encoder, or null.</summary>
    public SourceClassifier? Classifier { get; init; }

    /// <summary>What is known not to belong to the model.</summary>
    public IReadOnlyList<LeftOut> LeftOut { get; init; } = [];

    /// <summary>What was assumed when it was recognized.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The archive that the files were unpacked from, or null.</summary>
    public ExtractedArchive? Archive { get; init; }

    /// <summary>The folder that their names are relative to.</summary>
    public string RecordedFolder => Archive is null ? Folder : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Archive.Path))!;

    /// <summary>The files that a record names: those of the model, or the archive that they were in.</summary>
    /// <param name="vocabulary">The vocabulary, which need not be the model's own.</param>
    public IEnumerable<string> RecordedFiles(string vocabulary) => Archive is null
        ? Files.Append(vocabulary).Distinct(StringComparer.Ordinal)
        : vocabulary.StartsWith(Archive.Folder, StringComparison.Ordinal) ? [Archive.Path] : [Archive.Path, vocabulary];

    /// <summary>An error about an unpacked file as one about a file in its archive.</summary>
    public ModelException Describe(ModelException exception) => Archive?.Describe(exception) ?? exception;

    /// <inheritdoc/>
    public void Dispose()
    {
        Tensors.Dispose();
        Archive?.Dispose();
    }
}

/// <summary>The dense layer of a classifier in a source.</summary>
/// <param name="Weight">[outputs, hidden], or [hidden, outputs] where <paramref name="IsTransposed"/>.</param>
/// <param name="Bias">[outputs].</param>
/// <param name="IsTransposed">Whether the weight is [hidden, outputs].</param>
/// <param name="Head">What it makes of the encoder's states.</param>
/// <param name="Reason">How that is known.</param>
internal sealed record SourceClassifier(SourceVariable Weight, SourceVariable Bias, bool IsTransposed, HeadOptions Head, string Reason);
