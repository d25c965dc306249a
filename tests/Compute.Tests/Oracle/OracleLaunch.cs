using System.Reflection;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Compute.Tests.Oracle;

/// <summary>The signature of all kernels that are compared with the oracle: three inputs, two outputs, two numbers.</summary>
public delegate void OracleKernel(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s);

/// <summary>What a launch leaves in its outputs.</summary>
/// <param name="X">Bits of the floats.</param>
/// <param name="Y">The integers.</param>
internal sealed record OracleResult(int[] X, int[] Y);

/// <summary>Runs a kernel on a device with inputs that are the same everywhere.</summary>
internal static class OracleLaunch
{
    /// <summary>Elements of each view.</summary>
    public const int Length = 512;

    /// <summary>Runs a kernel.</summary>
    /// <param name="device">The device.</param>
    /// <param name="kernel">The kernel's method.</param>
    /// <param name="config">Grid and group.</param>
    /// <param name="n">The argument n.</param>
    /// <returns>The outputs.</returns>
    public static OracleResult Run(ComputeDevice device, MethodInfo kernel, KernelConfig config, int n) => Run(device.Accelerator, kernel, config, n);

    /// <summary>Runs a kernel.</summary>
    /// <param name="accelerator">The accelerator.</param>
    /// <param name="kernel">The kernel's method.</param>
    /// <param name="config">Grid and group.</param>
    /// <param name="n">The argument n.</param>
    /// <returns>The outputs.</returns>
    public static OracleResult Run(Accelerator accelerator, MethodInfo kernel, KernelConfig config, int n)
    {
        var random = new Random(12345);
        using var a = accelerator.Allocate1D(Enumerable.Range(0, Length).Select(_ => (random.NextSingle() * 20f) - 10f).ToArray());
        using var b = accelerator.Allocate1D(Enumerable.Range(0, Length).Select(_ => (random.NextSingle() * 6f) - 3f).ToArray());
        using var i = accelerator.Allocate1D(Enumerable.Range(0, Length).Select(_ => random.Next(8)).ToArray());
        using var x = accelerator.Allocate1D(Enumerable.Repeat(-1f, Length).ToArray());
        using var y = accelerator.Allocate1D(Enumerable.Repeat(7, Length).ToArray());
        var action = kernel.CreateDelegate<Action<ArrayView<float>, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<int>, int, float>>();
        var launch = accelerator.LoadStreamKernel(action);
        launch(config, a.View, b.View, i.View, x.View, y.View, n, 0.75f);
        accelerator.Synchronize();
        return new OracleResult([.. x.GetAsArray1D().Select(Bits)], y.GetAsArray1D());
    }

    /// <summary>The bits of a number, all that are none being one: which operand's payload survives is the processor's choice.</summary>
    private static int Bits(float value) => BitConverter.SingleToInt32Bits(float.IsNaN(value) ? float.NaN : value);
}
