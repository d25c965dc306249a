using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Engine.Model.Conversion;

/// <summary>The sizes of an encoder, from the shapes of its tensors.</summary>
internal sealed partial record EncoderSizes(int Vocabulary, int Positions, int Segments, int Hidden, int Layers, int Intermediate, int Heads)
{
    private const int UsualHeadSize = 64;

    /// <summary>Infers the sizes; the number of attention heads, which matrices of rank 2 do not show, from what is beside them.</summary>
    /// <param name="match">The encoder's tensors.</param>
    /// <param name="heads">The number of heads that the user gives, or null.</param>
    /// <param name="notes">Receives what was assumed.</param>
    /// <exception cref="ModelException">Tensors are missing or contradict each other or the configuration.</exception>
    public static EncoderSizes Infer(TensorMatch match, int? heads, ICollection<string> notes)
    {
        string path = match.Source.Path;
        var words = Table(match, "embeddings.word_embeddings.weight");
        var positions = Table(match, "embeddings.position_embeddings.weight");
        var segments = Table(match, "embeddings.token_type_embeddings.weight");
        int layers = LayerCount(match);
        int hidden = words[1];
        int[] widths = [positions[1], segments[1], match.Shape("embeddings.LayerNorm.weight")[0]];
        if (widths.FirstOrDefault(width => width != hidden, hidden) is var other && other != hidden)
            throw new ModelException($"{path}: word embeddings are {hidden} wide and other embeddings {other}, expected one width: this is no BERT");
        int intermediate = (int)match.Get("encoder.layer.0.intermediate.dense.bias").Variable.Entry.Count;
        var sizes = new EncoderSizes(
            words[0], positions[0], segments[0], hidden, layers, intermediate, HeadCount(match, hidden, heads, notes));
        if (match.Source.Configuration is { } configuration)
            sizes.CheckAgainst(configuration);
        return sizes;
    }

    /// <summary>Writes the sizes into a configuration.</summary>
    public void Write(JsonObject json)
    {
        foreach (var (name, value) in Fields())
            json[name] = value;
        json["num_attention_heads"] = Heads;
    }

    private static IReadOnlyList<int> Table(TensorMatch match, string name)
    {
        var (variable, _) = match.Get(name);
        return variable.Entry.Shape is [> 0, > 0] shape
            ? shape
            : throw new ModelException($"{match.Source.Path}: tensor \"{variable.Key}\" has shape {variable.Entry.ShapeText}, expected two dimensions for {name}");
    }

    private static int LayerCount(TensorMatch match)
    {
        var layers = match.Tensors.Keys.Select(name => LayerNumber().Match(name)).Where(found => found.Success)
            .Select(found => int.TryParse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out int number) ? number : int.MaxValue)
            .Distinct().Order().ToArray();
        if (layers.Length == 0)
            throw new ModelException($"{match.Source.Path}: has embeddings but no encoder layers, expected a BERT");
        for (int i = 0; i < layers.Length; i++)
        {
            if (layers[i] != i)
                throw new ModelException($"{match.Source.Path}: encoder layer {i} is missing, expected layers 0 to {layers[^1]}; the checkpoint is incomplete");
        }

        return layers.Length;
    }

    private static int HeadCount(TensorMatch match, int hidden, int? given, ICollection<string> notes)
    {
        string path = match.Source.Path;
        var query = match.Get("encoder.layer.0.attention.self.query.weight").Variable;
        if (query.Entry.Shape is [_, var shown, _])
        {
            return given is null || given == shown
                ? shown
                : throw new ModelException($"{path}: --heads {given}, but tensor \"{query.Key}\" of shape {query.Entry.ShapeText} has {shown}; leave the option out");
        }

        if (match.Source.Configuration is { } configuration && configuration.Has("num_attention_heads"))
        {
            int stated = configuration.Size("num_attention_heads", null, hidden);
            return given is null || given == stated
                ? stated
                : throw new ModelException($"{path}: --heads {given}, but {configuration.Path} says {stated}; leave the option out or correct the file");
        }

        if (given is { } value)
            return value;
        var named = HeadsInName().Match(Path.GetFullPath(path));
        if (named.Success && int.TryParse(named.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out int fromName) && fromName > 0 && hidden % fromName == 0)
        {
            notes.Add($"{fromName} attention heads, by \"{named.Value}\" in the path (--heads N says otherwise)");
            return fromName;
        }

        if (hidden % UsualHeadSize == 0)
        {
            notes.Add($"{hidden / UsualHeadSize} attention heads of {UsualHeadSize}, as in all published BERTs: the tensors do not show it (--heads N says otherwise)");
            return hidden / UsualHeadSize;
        }

        throw new ModelException(
            $"{path}: the number of attention heads is not in the tensors and there is no bert_config.json; give --heads N, a divisor of {hidden}");
    }

    private IEnumerable<(string Name, int Value)> Fields() =>
    [
        ("vocab_size", Vocabulary), ("hidden_size", Hidden), ("num_hidden_layers", Layers), ("intermediate_size", Intermediate),
        ("max_position_embeddings", Positions), ("type_vocab_size", Segments),
    ];

    private void CheckAgainst(JsonFields configuration)
    {
        foreach (var (name, value) in Fields())
        {
            if (configuration.Has(name) && configuration.Size(name, null, int.MaxValue) is var stated && stated != value)
                throw configuration.Wrong(name, stated.ToString(CultureInfo.InvariantCulture), $"{value}, which the tensors have; the files do not belong together");
        }
    }

    [GeneratedRegex(@"^encoder\.layer\.(\d+)\.", RegexOptions.CultureInvariant)]
    private static partial Regex LayerNumber();

    [GeneratedRegex(@"(?<![A-Za-z])[Aa]-(\d+)(?!\d)", RegexOptions.CultureInvariant | RegexOptions.RightToLeft)]
    private static partial Regex HeadsInName();
}
