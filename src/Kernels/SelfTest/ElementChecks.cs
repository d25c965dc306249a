using Engine.Compute;
using ILGPU;

namespace Engine.Kernels;

/// <summary>GELU and the activations, forward and backward.</summary>
internal sealed class ElementChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    private readonly Gelu gelu = new(device);
    private readonly Activation activation = new(device);

    /// <summary>The self-test's cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> Cases(bool small)
    {
        int[] counts = small ? [1, 301] : [1, 1025, 5003];
        SelfTestCase Case(string operation, string kernel, Action<ElementChecks, int> check, string type = nameof(Elementwise)) =>
            SelfTestCase.Of(operation, [$"{type}.{kernel}"], counts, (device, comparison) => new ElementChecks(device, comparison), check);
        return
        [
            Case("gelu forward", $"MapKernel<{nameof(GeluErfFunction)}>", (checks, count) => checks.GeluForward(count, GeluForm.Erf)),
            Case("gelu backward", $"BackwardKernel<{nameof(GeluErfFunction)},{nameof(GeluErfGradientFunction)}>", (checks, count) => checks.GeluBackward(count, GeluForm.Erf), nameof(Gelu)),
            Case("gelu (tanh) forward", $"MapKernel<{nameof(GeluTanhFunction)}>", (checks, count) => checks.GeluForward(count, GeluForm.Tanh)),
            Case("gelu (tanh) backward", $"BackwardKernel<{nameof(GeluTanhFunction)},{nameof(GeluTanhGradientFunction)}>", (checks, count) => checks.GeluBackward(count, GeluForm.Tanh), nameof(Gelu)),
            Case("tanh forward", $"MapKernel<{nameof(TanhFunction)}>", (checks, count) => checks.TanhForward(count)),
            Case("tanh backward", $"ZipKernel<{nameof(TanhGradientFunction)}>", (checks, count) => checks.TanhBackward(count)),
            Case("sigmoid forward", $"MapKernel<{nameof(SigmoidFunction)}>", (checks, count) => checks.SigmoidForward(count)),
            Case("sigmoid backward", $"ZipKernel<{nameof(SigmoidGradientFunction)}>", (checks, count) => checks.SigmoidBackward(count)),
        ];
    }

    /// <summary>
    /// What GELU may err in either form: erf's and tanh's 1e-7 (tanh is more exact) are halved and multiplied by x; a few roundings on top, of the result
    /// and of what the function is given, which its slope of at most 1.13 passes on.
    /// </summary>
    public static double GeluBound(float x) => 1e-7 * (1 + Math.Abs(x)) + 4 * Rounding.Unit * Math.Abs(x);

    /// <summary>y = gelu(x).</summary>
    public void GeluForward(int count, GeluForm form)
    {
        var x = CheckInputs.Uniform(count, 1, 6f);
        using var buffers = new DeviceBuffers(Device);
        var y = buffers.Out(count);
        gelu.Forward(buffers.Of(x), y, count, form);
        Comparison.Within(
            [.. x.Select(v => form == GeluForm.Erf ? ReferenceMath.GeluErf(v) : ReferenceMath.GeluTanh(v))], buffers.Read(y), [.. x.Select(GeluBound)], "y");
    }

    /// <summary>dx = dy gelu'(x) in the place of dy, and y = gelu(x) in the place of x.</summary>
    public void GeluBackward(int count, GeluForm form)
    {
        var (x, dy) = (CheckInputs.Uniform(count, 1, 6f), CheckInputs.Uniform(count, 2));
        using var buffers = new DeviceBuffers(Device);
        var (y, dx) = (buffers.Of(x), buffers.Of(dy));
        gelu.Backward(y, dx, dx, y, count, form);
        Comparison.Within(
            [.. x.Select(v => form == GeluForm.Erf ? ReferenceMath.GeluErf(v) : ReferenceMath.GeluTanh(v))], buffers.Read(y), [.. x.Select(GeluBound)], "y");

        // The slope errs by GELU's bound and by roundings of its two terms, which are at most 2; |dy| is at most 1 and its product rounds once.
        Comparison.Within(
            [.. x.Select((v, i) => dy[i] * (form == GeluForm.Erf ? ReferenceMath.GeluErfGradient(v) : ReferenceMath.GeluTanhGradient(v)))],
            buffers.Read(dx), [.. x.Select(v => GeluBound(v) + 10 * Rounding.Unit)], "dx");
    }

    /// <summary>y = tanh(x).</summary>
    public void TanhForward(int count) =>
        Forward(count, activation.TanhForward, Math.Tanh);

    /// <summary>dx = dy (1 - y^2).</summary>
    public void TanhBackward(int count) =>
        Backward(count, activation.TanhBackward, v => Math.Tanh(v), y => 1 - (y * y));

    /// <summary>y = 1 / (1 + e^-x).</summary>
    public void SigmoidForward(int count) =>
        Forward(count, activation.SigmoidForward, ReferenceMath.Sigmoid);

    /// <summary>dx = dy y (1 - y).</summary>
    public void SigmoidBackward(int count) =>
        Backward(count, activation.SigmoidBackward, ReferenceMath.Sigmoid, y => y * (1 - y));

    private void Forward(int count, Action<ArrayView<float>, ArrayView<float>, int> forward, Func<double, double> reference)
    {
        var x = CheckInputs.Uniform(count, 1, 6f);
        using var buffers = new DeviceBuffers(Device);
        var y = buffers.Out(count);
        forward(buffers.Of(x), y, count);

        // 4 units in the last place are at most 8 relative units.
        Comparison.Near([.. x.Select(v => reference(v))], buffers.Read(y), 8 * Rounding.Unit, 0, "y");
    }

    private void Backward(
        int count, Action<ArrayView<float>, ArrayView<float>, ArrayView<float>, int> backward, Func<double, double> forward, Func<double, double> slopeOf)
    {
        var (y, dy) = (Array.ConvertAll(CheckInputs.Uniform(count, 1, 6f), v => (float)forward(v)), CheckInputs.Uniform(count, 2));
        using var buffers = new DeviceBuffers(Device);
        var dx = buffers.Out(count);
        backward(buffers.Of(y), buffers.Of(dy), dx, count);

        // Three roundings of numbers of at most 1.
        Comparison.Near([.. y.Select((v, i) => dy[i] * slopeOf(v))], buffers.Read(dx), 0, 3 * Rounding.Unit, "dx");
    }
}
