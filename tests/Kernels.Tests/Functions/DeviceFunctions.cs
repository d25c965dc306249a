using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels.Tests;

/// <summary>Runs a function of <see cref="DeviceMath"/> on a device.</summary>
public static class DeviceFunctions
{
    public static float[] Run(ComputeDevice device, string name, float[] xs)
    {
        using var x = device.Accelerator.Allocate1D(xs);
        using var y = device.Accelerator.Allocate1D<float>(xs.Length);
        int size = device.Tiles.ElementGroupSize;
        var shape = new KernelConfig((xs.Length + size - 1) / size, size);
        Kernel(device, name)(shape, xs.Length, x.View, y.View);
        device.Synchronize();
        return y.GetAsArray1D();
    }

    private static Action<KernelConfig, int, ArrayView<float>, ArrayView<float>> Kernel(ComputeDevice device, string name) => name switch
    {
        "Exp" => Load<ExpCase>(device),
        "ExpNonPositive" => Load<ExpNonPositiveCase>(device),
        "Log" => Load<LogCase>(device),
        "Log1P" => Load<Log1PCase>(device),
        "Tanh" => Load<TanhCase>(device),
        "Sigmoid" => Load<SigmoidCase>(device),
        "Erf" => Load<ErfCase>(device),
        "NormalCdf" => Load<NormalCdfCase>(device),
        _ => throw new ArgumentException($"no device function named {name}", nameof(name)),
    };

    private static Action<KernelConfig, int, ArrayView<float>, ArrayView<float>> Load<T>(ComputeDevice device)
        where T : struct, IFunction =>
        device.Accelerator.LoadStreamKernel<int, ArrayView<float>, ArrayView<float>>(Apply<T>);

    private static void Apply<T>(int count, ArrayView<float> x, ArrayView<float> y)
        where T : struct, IFunction
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i < count)
            y[i] = default(T).Of(x[i]);
    }

    public interface IFunction
    {
        float Of(float x);
    }

    public readonly struct ExpCase : IFunction
    {
        public float Of(float x) => DeviceMath.Exp(x);
    }

    public readonly struct ExpNonPositiveCase : IFunction
    {
        public float Of(float x) => DeviceMath.ExpNonPositive(x);
    }

    public readonly struct LogCase : IFunction
    {
        public float Of(float x) => DeviceMath.Log(x);
    }

    public readonly struct Log1PCase : IFunction
    {
        public float Of(float x) => DeviceMath.Log1P(x);
    }

    public readonly struct TanhCase : IFunction
    {
        public float Of(float x) => DeviceMath.Tanh(x);
    }

    public readonly struct SigmoidCase : IFunction
    {
        public float Of(float x) => DeviceMath.Sigmoid(x);
    }

    public readonly struct ErfCase : IFunction
    {
        public float Of(float x) => DeviceMath.Erf(x);
    }

    public readonly struct NormalCdfCase : IFunction
    {
        public float Of(float x) => DeviceMath.NormalCdf(x);
    }
}
