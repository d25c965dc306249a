using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>A function of one float, given to a kernel as a type.</summary>
internal interface IUnaryFunction
{
    /// <summary>The function's value.</summary>
    float Apply(float x);
}

/// <summary>A function of two floats, given to a kernel as a type.</summary>
internal interface IBinaryFunction
{
    /// <summary>The function's value.</summary>
    float Apply(float x, float y);
}

/// <summary>Launch shapes and the two kernels of operations that treat every element alike.</summary>
/// <remarks>
/// A group covers as many consecutive elements as it has threads. All groups but the last are full; they take a path
/// without any test per element, chosen by a condition that is the same for the whole group.
/// </remarks>
internal static class Elementwise
{
    /// <summary>Groups and group size that cover <paramref name="count"/> elements, one thread each.</summary>
    public static KernelConfig Shape(ComputeDevice device, int count)
    {
        int size = device.Tiles.ElementGroupSize;
        return new KernelConfig((count + size - 1) / size, size);
    }

    /// <summary>y[i] = f(x[i]).</summary>
    [Kernel(typeof(GeluErfFunction))]
    [Kernel(typeof(GeluTanhFunction))]
    [Kernel(typeof(TanhFunction))]
    [Kernel(typeof(SigmoidFunction))]
    internal static void MapKernel<TFunction>(int count, ArrayView<float> x, ArrayView<float> y)
        where TFunction : struct, IUnaryFunction
    {
        int first = Grid.IdxX * Group.DimX;
        int i = first + Group.IdxX;
        if (first + Group.DimX <= count)
            y[i] = default(TFunction).Apply(x[i]);
        else if (i < count)
            y[i] = default(TFunction).Apply(x[i]);
    }

    /// <summary>z[i] = f(x[i], y[i]); z may be x or y.</summary>
    [Kernel(typeof(TanhGradientFunction))]
    [Kernel(typeof(SigmoidGradientFunction))]
    internal static void ZipKernel<TFunction>(int count, ArrayView<float> x, ArrayView<float> y, ArrayView<float> z)
        where TFunction : struct, IBinaryFunction
    {
        int first = Grid.IdxX * Group.DimX;
        int i = first + Group.IdxX;
        if (first + Group.DimX <= count)
            z[i] = default(TFunction).Apply(x[i], y[i]);
        else if (i < count)
            z[i] = default(TFunction).Apply(x[i], y[i]);
    }
}

/// <summary>One elementwise function of one argument on one device, loaded at its first use.</summary>
internal sealed class Map<TFunction>(ComputeDevice device)
    where TFunction : struct, IUnaryFunction
{
    private Action<KernelConfig, int, ArrayView<float>, ArrayView<float>>? kernel;

    public void Run(ArrayView<float> x, ArrayView<float> y, int count)
    {
        if (count == 0)
            return;
        kernel ??= device.LoadOnce(Elementwise.MapKernel<TFunction>, KernelLoaders.LoadStreamKernel);
        kernel(Elementwise.Shape(device, count), count, x, y);
    }
}

/// <summary>One elementwise function of two arguments on one device, loaded at its first use.</summary>
internal sealed class Zip<TFunction>(ComputeDevice device)
    where TFunction : struct, IBinaryFunction
{
    private Action<KernelConfig, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>? kernel;

    public void Run(ArrayView<float> x, ArrayView<float> y, ArrayView<float> z, int count)
    {
        if (count == 0)
            return;
        kernel ??= device.LoadOnce(Elementwise.ZipKernel<TFunction>, KernelLoaders.LoadStreamKernel);
        kernel(Elementwise.Shape(device, count), count, x, y, z);
    }
}
