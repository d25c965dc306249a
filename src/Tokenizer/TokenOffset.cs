namespace Engine.Tokenizer;

/// <summary>Which part of the text a token came from, in UTF-16 units, as indices of a <see cref="string"/>; special tokens that were added have 0 and 0.</summary>
/// <param name="Start">Where the part starts.</param>
/// <param name="End">Where it ends: the index after its last unit.</param>
public readonly record struct TokenOffset(int Start, int End);
