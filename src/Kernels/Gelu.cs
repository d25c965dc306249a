using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

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
    private Action<KernelConfig, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>? erfBackward;
    private Action<KernelConfig, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>? tanhBackward;

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

    /// <summary>
    /// dx = dy * gelu'(x) and y = gelu(x): the forward pass's results once more, to the bit, for the gradient of the weights that they are multiplied by. So
    /// no layer keeps them from its forward to its backward pass.
    /// </summary>
    /// <param name="x">What the forward pass applied GELU to.</param>
    /// <param name="dy">The gradient of its results.</param>
    /// <param name="dx">The gradient of <paramref name="x"/>; may be <paramref name="dy"/>.</param>
    /// <param name="y">The forward pass's results; may be <paramref name="x"/>, whose values are gone then.</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="form">Which GELU.</param>
    public void Backward(ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dx, ArrayView<float> y, int count, GeluForm form)
    {
        if (count == 0)
            return;
        using var measured = device.Profile?.Begin("GELU, backward", 0, 4.0 * sizeof(float) * count);
        var kernel = form == GeluForm.Erf
            ? erfBackward ??= Load<GeluErfFunction, GeluErfGradientFunction>()
            : tanhBackward ??= Load<GeluTanhFunction, GeluTanhGradientFunction>();
        kernel(Elementwise.Shape(device, count), count, x, dy, dx, y);
    }

    [Kernel(typeof(GeluErfFunction), typeof(GeluErfGradientFunction))]
    [Kernel(typeof(GeluTanhFunction), typeof(GeluTanhGradientFunction))]
    private static void BackwardKernel<TFunction, TGradient>(int count, ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dx, ArrayView<float> y)
        where TFunction : struct, IUnaryFunction
        where TGradient : struct, IBinaryFunction
    {
        int first = Grid.IdxX * Group.DimX;
        int i = first + Group.IdxX;
        if (first + Group.DimX <= count)
            Replace<TFunction, TGradient>(i, x, dy, dx, y);
        else if (i < count)
            Replace<TFunction, TGradient>(i, x, dy, dx, y);
    }

    private static void Replace<TFunction, TGradient>(int i, ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dx, ArrayView<float> y)
        where TFunction : struct, IUnaryFunction
        where TGradient : struct, IBinaryFunction
    {
        // x before anything is written: y may be its place.
        float preactivation = x[i];
        dx[i] = default(TGradient).Apply(preactivation, dy[i]);
        y[i] = default(TFunction).Apply(preactivation);
    }

    private Action<KernelConfig, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>> Load<TFunction, TGradient>()
        where TFunction : struct, IUnaryFunction
        where TGradient : struct, IBinaryFunction =>
        device.LoadOnce(BackwardKernel<TFunction, TGradient>, KernelLoaders.LoadStreamKernel);
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
