using System.Text.RegularExpressions;

namespace Engine.Model.Conversion;

/// <summary>
/// The names of a model's tensors in Hugging Face's layout, with whatever prefix a file gives them (<c>bert.</c>, <c>model.bert.</c>), layer norms as
/// weight and bias or, in old files, as gamma and beta.
/// </summary>
internal sealed partial class HuggingFaceNames
{
    private const string Anchor = "embeddings.word_embeddings.weight";

    private readonly string encoderPrefix;
    private readonly string headPrefix;

    private HuggingFaceNames(string encoderPrefix)
    {
        this.encoderPrefix = encoderPrefix;
        headPrefix = encoderPrefix.EndsWith("bert.", StringComparison.Ordinal) ? encoderPrefix[..^"bert.".Length] : encoderPrefix;
    }

    /// <summary>Finds the prefix of a file's names.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="names">The names.</param>
    /// <exception cref="ModelException">There is no BERT, or more than one.</exception>
    public static HuggingFaceNames Of(string path, IEnumerable<string> names)
    {
        string[] prefixes = [.. names.Where(name => name == Anchor || name.EndsWith('.' + Anchor, StringComparison.Ordinal))
            .Select(name => name[..^Anchor.Length])];
        return prefixes.Length switch
        {
            1 => new HuggingFaceNames(prefixes[0]),
            0 => throw new ModelException($"{path}: tensor \"{Anchor}\" is missing, with and without a prefix; expected the weights of a BERT"),
            _ => throw new ModelException(
                $"{path}: holds {prefixes.Length} encoders (\"{string.Join("\", \"", prefixes.Select(prefix => prefix + Anchor))}\"), expected one"),
        };
    }

    /// <summary>What a name stands for.</summary>
    public TensorRole? Find(string name)
    {
        if (Within(name, encoderPrefix) is { } inner && EncoderTensor().IsMatch(inner))
            return new TensorRole(Renamed(inner), false);
        if (Within(name, headPrefix) is { } head && HeadTensor().IsMatch(head))
            return new TensorRole(Renamed(head), false);
        return null;
    }

    private static string? Within(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null;

    private static string Renamed(string name) =>
        name.EndsWith("LayerNorm.gamma", StringComparison.Ordinal) ? name[..^"gamma".Length] + "weight"
        : name.EndsWith("LayerNorm.beta", StringComparison.Ordinal) ? name[..^"beta".Length] + "bias"
        : name;

    [GeneratedRegex(
        @"^(embeddings\.(word_embeddings|position_embeddings|token_type_embeddings)\.weight"
        + @"|embeddings\.LayerNorm\.(weight|bias|gamma|beta)"
        + @"|encoder\.layer\.\d+\.(attention\.self\.(query|key|value)|attention\.output\.dense|intermediate\.dense|output\.dense)\.(weight|bias)"
        + @"|encoder\.layer\.\d+\.(attention\.output|output)\.LayerNorm\.(weight|bias|gamma|beta)"
        + @"|pooler\.dense\.(weight|bias))$",
        RegexOptions.CultureInvariant)]
    private static partial Regex EncoderTensor();

    [GeneratedRegex(
        @"^(cls\.predictions\.(bias|decoder\.weight|transform\.dense\.(weight|bias)|transform\.LayerNorm\.(weight|bias|gamma|beta))"
        + @"|cls\.seq_relationship\.(weight|bias))$",
        RegexOptions.CultureInvariant)]
    private static partial Regex HeadTensor();
}
