using ILGPU;

namespace Engine.Model;

/// <summary>The parameters of the masked-language-model head. Matrices are [in, out] but for the decoder.</summary>
/// <param name="TransformWeight">[hidden, hidden].</param>
/// <param name="TransformBias">[hidden].</param>
/// <param name="Gamma">The transform's layer norm, [hidden].</param>
/// <param name="Beta">[hidden].</param>
/// <param name="Decoder">[vocabulary, hidden]: the encoder's table of words, or a matrix of the head's own.</param>
/// <param name="Bias">[vocabulary].</param>
internal sealed record MaskedLanguageBlocks(
    ParameterBlock TransformWeight,
    ParameterBlock TransformBias,
    ParameterBlock Gamma,
    ParameterBlock Beta,
    ParameterBlock Decoder,
    ParameterBlock Bias)
{
    /// <summary>The head's blocks within an arena of parameters.</summary>
    public MaskedLanguageViews In(ArrayView<float> arena) =>
        new(TransformWeight.In(arena), TransformBias.In(arena), Gamma.In(arena), Beta.In(arena), Decoder.In(arena), Bias.In(arena));
}

/// <summary><see cref="MaskedLanguageBlocks"/> as views of the parameters.</summary>
internal sealed record MaskedLanguageViews(
    ArrayView<float> TransformWeight,
    ArrayView<float> TransformBias,
    ArrayView<float> Gamma,
    ArrayView<float> Beta,
    ArrayView<float> Decoder,
    ArrayView<float> Bias);
