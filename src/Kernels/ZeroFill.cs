using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// Sets a view to 0. ILGPU 1.5.3's <c>MemSetToZero</c> does not do here: on OpenCL it multiplies a view's offset in bytes by the buffer's element
/// size once more, so that it clears another part of the buffer wherever the view does not start at its beginning.
/// </summary>
/// <param name="device">The device to run on.</param>
internal sealed class ZeroFill(ComputeDevice device)
{
    private Action<KernelConfig, int, ArrayView<float>>? kernel;

    /// <summary>Sets all elements to 0.</summary>
    /// <param name="view">The view, at most 2^31 - 1 elements.</param>
    public void Run(ArrayView<float> view)
    {
        int count = view.IntLength;
        if (count == 0)
            return;
        using var measured = device.Profile?.Begin("zero fill", 0, sizeof(float) * (double)count);
        kernel ??= device.LoadOnce(FillKernel, KernelLoaders.LoadStreamKernel);
        kernel(Elementwise.Shape(device, count), count, view);
    }

    [Kernel]
    private static void FillKernel(int count, ArrayView<float> view)
    {
        int first = Grid.IdxX * Group.DimX;
        int i = first + Group.IdxX;
        if (first + Group.DimX <= count)
            view[i] = 0f;
        else if (i < count)
            view[i] = 0f;
    }
}
