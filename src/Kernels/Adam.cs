using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>The three forms of Adam that BERTs are trained with.</summary>
public enum AdamForm
{
    /// <summary>
    /// Hugging Face's trainer (PyTorch's AdamW): bias correction of both moments, epsilon (1e-8) beside the corrected root, decoupled decay.
    /// </summary>
    HuggingFaceAdamW,

    /// <summary>BERT's authors' (<c>AdamWeightDecayOptimizer</c>): no bias correction, epsilon 1e-6, decay added to the update.</summary>
    BertAdam,

    /// <summary>
    /// Keras's: the correction folded into the rate, so that epsilon (1e-7) stands beside the uncorrected root ("epsilon hat").
    /// Keras has no decay here; the form subtracts rate * decay * p where one is given.
    /// </summary>
    KerasAdam,
}

/// <summary>The settings of one optimizer step.</summary>
/// <param name="Form">Which Adam.</param>
/// <param name="LearningRate">The rate of this step, schedule included.</param>
/// <param name="Step">The step's number, from 1.</param>
/// <param name="WeightDecay">The decay of parameters whose mask is 1.</param>
/// <param name="Beta1">The first moment's memory.</param>
/// <param name="Beta2">The second moment's memory.</param>
/// <param name="Epsilon">Added to the root; 0: the form's own (1e-8, 1e-6, 1e-7).</param>
public readonly record struct AdamStep(
    AdamForm Form, double LearningRate, int Step, double WeightDecay = 0, double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 0);

/// <summary>
/// One optimizer step over a whole parameter arena in one launch. Every element is read and written once: memory bandwidth is the limit.
/// </summary>
/// <param name="device">The device to run on.</param>
public sealed class Adam(ComputeDevice device) : IDisposable
{
    /// <summary>
    /// The granularity of the decay mask: arenas start every parameter at a multiple of this many floats (the padding holds zeros),
    /// so that one mask entry serves a block.
    /// </summary>
    public const int DecayBlock = 256;

    private const int ElementsPerGroup = 16 * DecayBlock;

    private MemoryBuffer1D<float, Stride1D.Dense>? one;
    private Action<KernelConfig, int, Settings, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>,
        ArrayView<float>>? kernel;

    /// <summary>Updates parameters and moments.</summary>
    /// <param name="parameters">[count], updated.</param>
    /// <param name="gradients">[count], not changed.</param>
    /// <param name="firstMoment">[count], updated; zeros before step 1.</param>
    /// <param name="secondMoment">[count], updated; zeros before step 1.</param>
    /// <param name="decayMask">
    /// [count / <see cref="DecayBlock"/>, rounded up]: 1 where the block's parameters decay, 0 where they do not (biases, layer norms).
    /// </param>
    /// <param name="gradientScale">
    /// One float on the device that multiplies every gradient: <c>result.SubView(1, 1)</c> of <see cref="GradientNorm"/>;
    /// default: gradients are taken as they are.
    /// </param>
    /// <param name="count">The number of elements, padding included.</param>
    /// <param name="step">The step's settings.</param>
    public void Run(
        ArrayView<float> parameters,
        ArrayView<float> gradients,
        ArrayView<float> firstMoment,
        ArrayView<float> secondMoment,
        ArrayView<float> decayMask,
        ArrayView<float> gradientScale,
        int count,
        AdamStep step)
    {
        if (count == 0)
            return;
        if (!gradientScale.IsValid)
        {
            one ??= device.Accelerator.Allocate1D(new[] { 1f });
            gradientScale = one.View.AsContiguous();
        }

        // Gradient, parameter and both moments in; the last three out.
        using var measured = device.Profile?.Begin("Adam", 0, sizeof(float) * ((7.0 * count) + ((count + DecayBlock - 1) / DecayBlock)));
        kernel ??= device.LoadOnce(Kernel, KernelLoaders.LoadStreamKernel);
        kernel(
            new KernelConfig((count + ElementsPerGroup - 1) / ElementsPerGroup, Math.Min(device.Tiles.RowGroupSize, DecayBlock)),
            count,
            Settings.Of(step),
            decayMask,
            gradientScale,
            gradients,
            parameters,
            firstMoment,
            secondMoment);
    }

    /// <inheritdoc/>
    public void Dispose() => one?.Dispose();

    [Kernel]
    private static void Kernel(
        int count,
        Settings settings,
        ArrayView<float> decayMask,
        ArrayView<float> gradientScale,
        ArrayView<float> gradients,
        ArrayView<float> parameters,
        ArrayView<float> firstMoment,
        ArrayView<float> secondMoment)
    {
        float scale = gradientScale[0];
        int first = Grid.IdxX * ElementsPerGroup;
        int end = IntrinsicMath.Min(first + ElementsPerGroup, count);
        int full = end - ((end - first) & (Group.DimX - 1));
        for (int c = first; c < full; c += Group.DimX)
        {
            Update(
                c + Group.IdxX, settings, decayMask[c >> 8] * settings.DecayRate, scale, gradients, parameters, firstMoment, secondMoment);
        }

        if (full < end)
        {
            int i = full + Group.IdxX;
            if (i < end)
                Update(i, settings, decayMask[full >> 8] * settings.DecayRate, scale, gradients, parameters, firstMoment, secondMoment);
        }
    }

    private static void Update(
        int i,
        Settings settings,
        float decay,
        float scale,
        ArrayView<float> gradients,
        ArrayView<float> parameters,
        ArrayView<float> firstMoment,
        ArrayView<float> secondMoment)
    {
        float g = gradients[i] * scale;
        float p = parameters[i];
        float m = firstMoment[i] * settings.Beta1 + g * settings.OneMinusBeta1;
        float v = secondMoment[i] * settings.Beta2 + g * g * settings.OneMinusBeta2;
        firstMoment[i] = m;
        secondMoment[i] = v;
        float update = m / (MathF.Sqrt(v) * settings.RootScale + settings.Epsilon);
        parameters[i] = p - update * settings.Rate - p * decay;
    }

    /// <summary>
    /// What all forms come down to: p -= Rate m / (RootScale sqrt(v) + Epsilon) + DecayRate mask p.
    /// </summary>
    internal readonly record struct Settings(
        float Rate, float RootScale, float Epsilon, float DecayRate, float Beta1, float OneMinusBeta1, float Beta2, float OneMinusBeta2)
    {
        public static Settings Of(AdamStep step)
        {
            double correction1 = 1 - Math.Pow(step.Beta1, step.Step);
            double correction2 = Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step));
            var (rate, rootScale, epsilon) = step.Form switch
            {
                AdamForm.HuggingFaceAdamW => (step.LearningRate / correction1, 1 / correction2, 1e-8),
                AdamForm.BertAdam => (step.LearningRate, 1.0, 1e-6),
                AdamForm.KerasAdam => (step.LearningRate * correction2 / correction1, 1.0, 1e-7),
                _ => throw new ArgumentOutOfRangeException(nameof(step), step.Form, "Adam: expected one of the forms of AdamForm."),
            };
            return new Settings(
                (float)rate,
                (float)rootScale,
                (float)(step.Epsilon > 0 ? step.Epsilon : epsilon),
                (float)(step.LearningRate * step.WeightDecay),
                (float)step.Beta1,
                (float)(1 - step.Beta1),
                (float)step.Beta2,
                (float)(1 - step.Beta2));
        }
    }
}
