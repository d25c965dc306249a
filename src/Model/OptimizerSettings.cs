using Engine.Kernels;

namespace Engine.Model;

/// <summary>How gradients change parameters.</summary>
/// <param name="Form">Which of the three forms of Adam.</param>
/// <param name="WeightDecay">The decay of matrices and tables; biases and layer norms have none.</param>
/// <param name="MaxGradientNorm">The global norm that gradients are clipped to; 0: no clipping.</param>
/// <param name="Beta1">The first moment's memory.</param>
/// <param name="Beta2">The second moment's memory.</param>
/// <param name="Epsilon">What is added to the root of the second moment; 0: the form's own value.</param>
public sealed record OptimizerSettings(
    AdamForm Form = AdamForm.HuggingFaceAdamW,
    double WeightDecay = 0.01,
    double MaxGradientNorm = 1.0,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 0.0);
