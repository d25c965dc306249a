namespace Engine.Tokenizer;

/// <summary>One text or pair of texts as a model takes it: <c>[CLS] first [SEP]</c> or <c>[CLS] first [SEP] second [SEP]</c>.</summary>
/// <param name="Ids">Token ids, special tokens included.</param>
/// <param name="Types">Per token: 0 for the first text with its special tokens, 1 for the second with its last one.</param>
/// <param name="CutTokens">How many tokens did not fit and were left out.</param>
public sealed record TokenEncoding(int[] Ids, int[] Types, int CutTokens)
{
    /// <summary>Per token, the part of its text that it came from; null where no one asked for it.</summary>
    public TokenOffset[]? Offsets { get; init; }
}
