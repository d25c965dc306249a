using ILGPU;

namespace Engine.Model;

/// <summary>The parameters of one encoder layer. Matrices are [in, out].</summary>
/// <param name="QkvWeight">Query, key and value, [hidden, 3 hidden].</param>
/// <param name="QkvBias">[3 hidden].</param>
/// <param name="ContextWeight">The dense layer after attention, [hidden, hidden].</param>
/// <param name="ContextBias">[hidden].</param>
/// <param name="ContextGamma">The layer norm after attention, [hidden].</param>
/// <param name="ContextBeta">[hidden].</param>
/// <param name="IntermediateWeight">[hidden, intermediate].</param>
/// <param name="IntermediateBias">[intermediate].</param>
/// <param name="OutputWeight">[intermediate, hidden].</param>
/// <param name="OutputBias">[hidden].</param>
/// <param name="OutputGamma">The layer's last layer norm, [hidden].</param>
/// <param name="OutputBeta">[hidden].</param>
internal sealed record LayerBlocks(
    ParameterBlock QkvWeight,
    ParameterBlock QkvBias,
    ParameterBlock ContextWeight,
    ParameterBlock ContextBias,
    ParameterBlock ContextGamma,
    ParameterBlock ContextBeta,
    ParameterBlock IntermediateWeight,
    ParameterBlock IntermediateBias,
    ParameterBlock OutputWeight,
    ParameterBlock OutputBias,
    ParameterBlock OutputGamma,
    ParameterBlock OutputBeta)
{
    /// <summary>The layer's blocks within an arena of parameters or gradients.</summary>
    public LayerViews In(ArrayView<float> arena) => new(
        QkvWeight.In(arena),
        QkvBias.In(arena),
        ContextWeight.In(arena),
        ContextBias.In(arena),
        ContextGamma.In(arena),
        ContextBeta.In(arena),
        IntermediateWeight.In(arena),
        IntermediateBias.In(arena),
        OutputWeight.In(arena),
        OutputBias.In(arena),
        OutputGamma.In(arena),
        OutputBeta.In(arena));
}

/// <summary><see cref="LayerBlocks"/> as views of the parameters or of their gradients.</summary>
internal sealed record LayerViews(
    ArrayView<float> QkvWeight,
    ArrayView<float> QkvBias,
    ArrayView<float> ContextWeight,
    ArrayView<float> ContextBias,
    ArrayView<float> ContextGamma,
    ArrayView<float> ContextBeta,
    ArrayView<float> IntermediateWeight,
    ArrayView<float> IntermediateBias,
    ArrayView<float> OutputWeight,
    ArrayView<float> OutputBias,
    ArrayView<float> OutputGamma,
    ArrayView<float> OutputBeta);
