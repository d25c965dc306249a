using Engine.Tokenizer;

namespace Engine.Model.Data;

/// <summary>Tokenized texts with the class of each.</summary>
public sealed record LabelledTexts
{
    /// <summary>Puts texts and classes together.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="labels">The class of each text, from 0.</param>
    /// <exception cref="ArgumentException">There are not as many labels as texts.</exception>
    public LabelledTexts(TokenizedTexts texts, int[] labels)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(labels);
        if (texts.Count != labels.Length)
            throw new ArgumentException($"{texts.Count} texts and {labels.Length} labels; one label per text was expected.", nameof(labels));
        Texts = texts;
        Labels = labels;
    }

    /// <summary>The texts.</summary>
    public TokenizedTexts Texts { get; }

    /// <summary>The class of each text, from 0.</summary>
    public int[] Labels { get; }

    /// <summary>How many there are.</summary>
    public int Count => Labels.Length;
}
