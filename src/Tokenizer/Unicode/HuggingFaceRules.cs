namespace Engine.Tokenizer.Unicode;

/// <summary>Hugging Face's: clean, isolate ideographs, decompose and drop nonspacing marks, then lower case per character.</summary>
internal sealed class HuggingFaceRules(bool cleanText, bool isolateIdeographs, bool stripAccents, bool lowercase) : FoldingRules(CharacterProperties.OfHuggingFace())
{
    /// <inheritdoc/>
    public override bool DecomposesHangul => stripAccents;

    /// <inheritdoc/>
    public override void Fold(int c, ref FoldedItems items)
    {
        if (cleanText)
        {
            if (c is '\t' or '\n' or '\r')
            {
                items.Add(c, 0, FoldKind.Space);
                return;
            }
            if (c is 0 or ReplacementCharacter || Properties.Is(c, CharacterFlags.Control))
                return;
            if (Properties.Is(c, CharacterFlags.WhiteSpace))
            {
                items.Add(c, 0, FoldKind.Space);
                return;
            }
        }
        bool isolated = isolateIdeographs && IsIdeograph(c);
        if (!stripAccents || Properties.IsPlain(c))
        {
            AddLower(c, 0, isolated, ref items);
            return;
        }
        Span<int> parts = stackalloc int[CharacterProperties.LongestDecomposition];
        foreach (int part in parts[..Properties.Decompose(c, parts)])
        {
            if (Properties.Is(part, CharacterFlags.NonspacingMark))
                AddWithoutAccent(part, FoldKind.Word, ref items);
            else
                AddLower(part, Properties.CombiningClass(part), isolated, ref items);
        }
    }

    /// <inheritdoc/>
    /// <remarks>In its source, extension E starts at 2B920 instead of 2B820.</remarks>
    protected override bool IsIdeograph(int c) => base.IsIdeograph(c) && c is not (>= 0x2B820 and < 0x2B920);

    private void AddLower(int c, int combiningClass, bool isolated, ref FoldedItems items)
    {
        if (lowercase && c == DottedCapitalI)
        {
            items.Add('i', 0, FoldKind.Word);
            items.Add(CombiningDotAbove, 0, FoldKind.Word);
            return;
        }
        int lower = lowercase ? Properties.Lower(c) : c;
        items.Add(lower, combiningClass, isolated ? FoldKind.Isolated : KindOf(lower));
    }
}
