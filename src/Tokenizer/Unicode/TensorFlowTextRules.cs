namespace Engine.Tokenizer.Unicode;

/// <summary>TensorFlow Text's: (uncased only) NFKC_Casefold, decompose and drop nonspacing marks; then control characters are spaces, and what is left is split.</summary>
internal sealed class TensorFlowTextRules(bool lowercase) : FoldingRules(CharacterProperties.OfTensorFlowText())
{
    /// <inheritdoc/>
    public override bool DecomposesHangul => lowercase;

    /// <inheritdoc/>
    public override void Fold(int c, ref FoldedItems items)
    {
        if (!lowercase || Properties.IsPlain(c))
        {
            items.Add(c, 0, KindOfPart(c));
            return;
        }
        Span<int> parts = stackalloc int[FoldedItems.Most];
        foreach (int part in parts[..Properties.Casefold(c, parts)])
            AddWithoutAccent(part, KindOfPart(part), ref items);
    }

    // White space is RE2's \s, in which there is nothing beyond ASCII; all of it but the space is a control character.
    private FoldKind KindOfPart(int c) => c == ' ' || Properties.Is(c, CharacterFlags.Control) ? FoldKind.Space
        : IsIdeograph(c) || Properties.Is(c, CharacterFlags.Punctuation) ? FoldKind.Isolated
        : FoldKind.Word;
}
