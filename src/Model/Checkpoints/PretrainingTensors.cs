namespace Engine.Model.Checkpoints;

/// <summary>Which heads of the pre-training tasks a model folder's weights hold, by Hugging Face's names.</summary>
public static class PretrainingTensors
{
    /// <summary>The decoder's weight, which most files leave out because it is the table of words.</summary>
    internal const string DecoderWeight = "cls.predictions.decoder.weight";

    private const string Words = "embeddings.word_embeddings.weight";
    private const int ElementsPerPart = 1 << 18;

    /// <summary>The heads in a folder's weights.</summary>
    /// <param name="folder">A folder in Hugging Face layout.</param>
    /// <exception cref="ModelException">There are no weights, or the file is damaged.</exception>
    public static PretrainingHeads HeadsOf(string folder)
    {
        using var file = ModelFolder.OpenWeights(folder);
        return HeadsOf(file);
    }

    /// <summary>Checks that a folder's weights hold heads.</summary>
    /// <param name="folder">A folder in Hugging Face layout.</param>
    /// <param name="heads">The heads that are needed.</param>
    /// <exception cref="ModelException">A head is missing, there are no weights, or the file is damaged.</exception>
    internal static void Require(string folder, PretrainingHeads heads)
    {
        using var file = ModelFolder.OpenWeights(folder);
        Require(file, heads);
    }

    /// <summary>Checks that a file holds heads.</summary>
    /// <exception cref="ModelException">A head is missing.</exception>
    internal static void Require(SafetensorsFile file, PretrainingHeads heads)
    {
        var held = HeadsOf(file);
        var missing = heads & ~held;
        if (missing == PretrainingHeads.None)
            return;
        string holds = held == PretrainingHeads.None ? "an encoder without heads of the pre-training tasks" : $"an encoder with {Describe(held)}";
        string names = string.Join(" and ", Each(missing).Select(head => head.Tensors));
        throw new ModelException(
            $"{file.Path}: holds {holds}, and {Describe(missing)} ({names}) was expected; "
            + "convert a checkpoint that carries it (engine convert SOURCE --out FOLDER) and give the result");
    }

    /// <summary>The heads in a file. One that is there in part counts: what it lacks is named when it is loaded.</summary>
    internal static PretrainingHeads HeadsOf(SafetensorsFile file)
    {
        var heads = PretrainingHeads.None;
        foreach (string name in file.Tensors.Keys)
        {
            if (name.Contains("cls.predictions.transform.", StringComparison.Ordinal))
                heads |= PretrainingHeads.MaskedLanguage;
            else if (name.Contains("cls.seq_relationship.", StringComparison.Ordinal))
                heads |= PretrainingHeads.NextSentence;
        }

        return heads;
    }

    /// <summary>Whether the decoder is the table of words: it is not in the file, or holds the same numbers.</summary>
    internal static bool IsDecoderTied(TensorNames names)
    {
        var file = names.File;
        if (names.FirstOf(DecoderWeight) is not { } decoder || names.FirstOf(Words) is not { } words)
            return true;
        var entry = file.Tensors[decoder];
        if (!entry.Shape.SequenceEqual(file.Tensors[words].Shape))
            return false;
        var own = new float[(int)Math.Min(ElementsPerPart, entry.Count)];
        var table = new float[own.Length];
        for (long start = 0; start < entry.Count; start += own.Length)
        {
            int count = (int)Math.Min(own.Length, entry.Count - start);
            file.ReadFloats(decoder, start, own.AsSpan(0, count));
            file.ReadFloats(words, start, table.AsSpan(0, count));
            if (!own.AsSpan(0, count).SequenceEqual(table.AsSpan(0, count)))
                return false;
        }

        return true;
    }

    /// <summary>The heads in words.</summary>
    /// <param name="heads">At least one.</param>
    public static string Describe(PretrainingHeads heads) => string.Join(" and ", Each(heads).Select(head => head.Name));

    private static IEnumerable<(string Name, string Tensors)> Each(PretrainingHeads heads)
    {
        if (heads.HasFlag(PretrainingHeads.MaskedLanguage))
            yield return ("a masked-language-model head", "cls.predictions.*");
        if (heads.HasFlag(PretrainingHeads.NextSentence))
            yield return ("a next-sentence head", "cls.seq_relationship.*");
    }
}
