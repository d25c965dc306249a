namespace Engine.Tokenizer.Unicode;

/// <summary>Those of BERT's authors: clean, isolate ideographs, then (uncased only) lower case, decompose and drop nonspacing marks.</summary>
internal sealed class GoogleRules(bool lowercase) : FoldingRules(CharacterProperties.OfPython())
{
    /// <inheritdoc/>
    public override bool DecomposesHangul => lowercase;

    /// <inheritdoc/>
    public override void Fold(int c, ref FoldedItems items)
    {
        if (c is '\t' or '\n' or '\r')
        {
            items.Add(c, 0, FoldKind.Space);
            return;
        }
        if (c is 0 or ReplacementCharacter || Properties.Is(c, CharacterFlags.Control))
            return;
        bool isolated = IsIdeograph(c);
        if (!lowercase || Properties.IsPlain(c))
        {
            items.Add(c, 0, isolated ? FoldKind.Isolated : KindOf(c));
        }
        else if (c == DottedCapitalI)
        {
            items.Add('i', 0, FoldKind.Word);
            AddWithoutAccent(CombiningDotAbove, FoldKind.Word, ref items);
        }
        else
        {
            Span<int> parts = stackalloc int[CharacterProperties.LongestDecomposition];
            foreach (int part in parts[..Properties.Decompose(Properties.Lower(c), parts)])
                AddWithoutAccent(part, isolated ? FoldKind.Isolated : KindOf(part), ref items);
        }
    }
}
