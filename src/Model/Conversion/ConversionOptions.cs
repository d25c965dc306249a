using Engine.Kernels;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion;

/// <summary>What the user says about a conversion; everything else is found in the source.</summary>
public sealed record ConversionOptions
{
    /// <summary>The type of the written weights: F32, F16 or BF16.</summary>
    public TensorType Type { get; init; } = TensorType.F32;

    /// <summary>The vocabulary's file; null: the source's own.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>Whether text is turned to lower case; null: as the source says.</summary>
    public bool? Lowercase { get; init; }

    /// <summary>The number of attention heads; null: as the source says.</summary>
    public int? Heads { get; init; }

    /// <summary>The GELU; null: that of the source's makers.</summary>
    public GeluForm? Gelu { get; init; }

    /// <summary>Whose tokenizer the model gets; null: that of the source's makers.</summary>
    public ConvertedTokenizer? Tokenizer { get; init; }

    /// <summary>Which of the encoder's states the source's classifier sees; null: as the source says.</summary>
    public Pooling? ClassifierState { get; init; }

    /// <summary>Whether a classifier in the source comes along.</summary>
    public bool KeepClassifier { get; init; } = true;

    /// <summary>An existing folder with room for what an archive holds, as that of the result has; null: the system's for temporary files.</summary>
    public string? WorkFolder { get; init; }

    /// <summary>Whether files are flushed to the disk before they get their names.</summary>
    internal bool Flush { get; init; } = true;
}

/// <summary>Whose behaviour a converted model's tokenizer has, where the three known ones differ.</summary>
public enum ConvertedTokenizer
{
    /// <summary>Hugging Face's BertTokenizerFast.</summary>
    HuggingFace,

    /// <summary>FullTokenizer of google-research/bert, which the classic scripts use.</summary>
    Google,

    /// <summary>TensorFlow Text's BertTokenizer, which the preprocessing model uses.</summary>
    TensorFlowText,
}
