using Engine.Compute;
using ILGPU;

namespace Engine.Kernels;

/// <summary>Tanh (the pooler's) and the logistic function, forward and backward.</summary>
/// <param name="device">The device to run on.</param>
public sealed class Activation(ComputeDevice device)
{
    private readonly Map<TanhFunction> tanh = new(device);
    private readonly Map<SigmoidFunction> sigmoid = new(device);
    private readonly Zip<TanhGradientFunction> tanhGradient = new(device);
    private readonly Zip<SigmoidGradientFunction> sigmoidGradient = new(device);

    /// <summary>y = tanh(x).</summary>
    /// <param name="x">The inputs, at least <paramref name="count"/> floats.</param>
    /// <param name="y">The results; may be <paramref name="x"/>.</param>
    /// <param name="count">The number of elements.</param>
    public void TanhForward(ArrayView<float> x, ArrayView<float> y, int count)
    {
        using var measured = device.Profile?.Begin("tanh, forward", 0, 2.0 * sizeof(float) * count);
        tanh.Run(x, y, count);
    }

    /// <summary>dx = dy * (1 - y^2), from the forward pass's results.</summary>
    /// <param name="y">The results of <see cref="TanhForward"/>.</param>
    /// <param name="dy">Their gradient.</param>
    /// <param name="dx">The inputs' gradient; may be <paramref name="dy"/>.</param>
    /// <param name="count">The number of elements.</param>
    public void TanhBackward(ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx, int count)
    {
        using var measured = device.Profile?.Begin("tanh, backward", 0, 3.0 * sizeof(float) * count);
        tanhGradient.Run(y, dy, dx, count);
    }

    /// <summary>y = 1 / (1 + e^-x).</summary>
    /// <param name="x">The inputs, at least <paramref name="count"/> floats.</param>
    /// <param name="y">The results; may be <paramref name="x"/>.</param>
    /// <param name="count">The number of elements.</param>
    public void SigmoidForward(ArrayView<float> x, ArrayView<float> y, int count) => sigmoid.Run(x, y, count);

    /// <summary>dx = dy * y * (1 - y), from the forward pass's results.</summary>
    /// <param name="y">The results of <see cref="SigmoidForward"/>.</param>
    /// <param name="dy">Their gradient.</param>
    /// <param name="dx">The inputs' gradient; may be <paramref name="dy"/>.</param>
    /// <param name="count">The number of elements.</param>
    public void SigmoidBackward(ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx, int count) =>
        sigmoidGradient.Run(y, dy, dx, count);
}

/// <summary>The hyperbolic tangent.</summary>
internal readonly struct TanhFunction : IUnaryFunction
{
    /// <inheritdoc/>
    public float Apply(float x) => DeviceMath.Tanh(x);
}

/// <summary>The logistic function.</summary>
internal readonly struct SigmoidFunction : IUnaryFunction
{
    /// <inheritdoc/>
    public float Apply(float x) => DeviceMath.Sigmoid(x);
}

/// <summary>(tanh(x), dy) to dx.</summary>
internal readonly struct TanhGradientFunction : IBinaryFunction
{
    /// <inheritdoc/>
    public float Apply(float x, float y) => y * (1f - x * x);
}

/// <summary>(sigmoid(x), dy) to dx.</summary>
internal readonly struct SigmoidGradientFunction : IBinaryFunction
{
    /// <inheritdoc/>
    public float Apply(float x, float y) => y * (x * (1f - x));
}
