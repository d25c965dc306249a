using Engine.Compute;
using ILGPU;

namespace Engine.Kernels;

/// <summary>The two forms of GELU that BERT checkpoints are trained with.</summary>
public enum GeluForm
{
    /// <summary>Exact: x times the standard normal distribution function (<c>hidden_act: gelu</c>).</summary>
    Erf,

    /// <summary>The tanh approximation (<c>gelu_new</c>, <c>gelu_pytorch_tanh</c>; BERT's authors' own code).</summary>
    Tanh,
}

/// <summary>GELU on its own, forward and backward; see <see cref="DeviceMath.GeluErf"/> and <see cref="DeviceMath.GeluTanh"/>.</summary>
/// <param name="device">The device to run on.</param>
public sealed class Gelu(ComputeDevice device)
{
    private readonly Map<GeluErfFunction> erf = new(device);
    private readonly Map<GeluTanhFunction> tanh = new(device);
    private readonly Zip<GeluErfGradientFunction> erfGradient = new(device);
    private readonly Zip<GeluTanhGradientFunction> tanhGradient = new(device);

    /// <summary>y = gelu(x).</summary>
    /// <param name="x">The inputs, at least <paramref name="count"/> floats.</param>
    /// <param name="y">The results; may be <paramref name="x"/>.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="form">Which GELU.</param>
    public void Forward(ArrayView<float> x, ArrayView<float> y, int count, GeluForm form)
    {
        using var measured = device.Profile?.Begin("GELU, forward", 0, 2.0 * sizeof(float) * count);
        if (form == GeluForm.Erf)
            erf.Run(x, y, count);
        else
            tanh.Run(x, y, count);
    }

    /// <summary>dx = dy * gelu'(preactivation).</summary>
    /// <param name="preactivation">What the forward pass applied GELU to.</param>
    /// <param name="dy">The gradient of its results.</param>
    /// <param name="dx">The gradient of the preactivation; may be <paramref name="dy"/>.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="form">Which GELU.</param>
    public void Backward(ArrayView<float> preactivation, ArrayView<float> dy, ArrayView<float> dx, int count, GeluForm form)
    {
        using var measured = device.Profile?.Begin("GELU, backward", 0, 3.0 * sizeof(float) * count);
        if (form == GeluForm.Erf)
            erfGradient.Run(preactivation, dy, dx, count);
        else
            tanhGradient.Run(preactivation, dy, dx, count);
    }
}

/// <summary>Exact GELU.</summary>
internal readonly struct GeluErfFunction : IUnaryFunction
{
    /// <inheritdoc/>
    public float Apply(float x) => DeviceMath.GeluErf(x);
}

/// <summary>GELU in its tanh form.</summary>
internal readonly struct GeluTanhFunction : IUnaryFunction
{
    /// <inheritdoc/>
    public float Apply(float x) => DeviceMath.GeluTanh(x);
}

/// <summary>(preactivation, dy) to dx for exact GELU.</summary>
internal readonly struct GeluErfGradientFunction : IBinaryFunction
{
    /// <inheritdoc/>
    public float Apply(float x, float y) => y * DeviceMath.GeluErfGradient(x);
}

/// <summary>(preactivation, dy) to dx for the tanh form.</summary>
internal readonly struct GeluTanhGradientFunction : IBinaryFunction
{
    /// <inheritdoc/>
    public float Apply(float x, float y) => y * DeviceMath.GeluTanhGradient(x);
}
