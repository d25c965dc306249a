namespace Engine.Model;

/// <summary>
/// The heads of BERT's two pre-training tasks (Devlin et al., 2018, section 3.1), which a checkpoint may carry beside the encoder: Hugging Face's
/// <c>BertForPreTraining</c> has both, <c>BertForMaskedLM</c> and <c>BertForNextSentencePrediction</c> have one each.
/// </summary>
[Flags]
public enum PretrainingHeads
{
    /// <summary>The encoder alone.</summary>
    None = 0,

    /// <summary>The masked language model: which token was at a place? <c>cls.predictions.*</c></summary>
    MaskedLanguage = 1,

    /// <summary>Next sentence: does the second text of a pair follow the first? <c>cls.seq_relationship.*</c></summary>
    NextSentence = 2,
}
