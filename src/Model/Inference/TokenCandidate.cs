namespace Engine.Model.Inference;

/// <summary>A token that may stand at a mask.</summary>
/// <param name="Id">Its place in the vocabulary.</param>
/// <param name="Token">As the vocabulary has it: <c>##</c> at its beginning says that it continues a word.</param>
/// <param name="Probability">By a softmax over the whole vocabulary.</param>
public readonly record struct TokenCandidate(int Id, string Token, float Probability);
