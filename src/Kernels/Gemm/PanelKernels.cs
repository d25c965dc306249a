using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>Entry points of the CPU-shaped matrix product: <see cref="PanelProduct"/> with an operand order and an epilogue.</summary>
internal static class PanelKernels
{
    /// <summary>y = x w + bias.</summary>
    [Kernel(typeof(PanelTile16))]
    [Kernel(typeof(PanelTile8))]
    [Kernel(typeof(PanelTile4))]
    internal static void Forward<TTile>(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> y,
        PanelArguments arguments)
        where TTile : struct, IPanelTile
    {
        var panels = SharedMemory.Allocate<float>(PanelProduct.PanelFloats);
        var tile = SharedMemory.Allocate<float>(PanelProduct.TileFloats);
        var sums = SharedMemory.Allocate<float>(PanelProduct.SumFloats);
        PanelProduct.Multiply<TTile>(x, w, bias, y, y, panels, tile, sums, arguments, false, false, 0);
    }

    /// <summary>y = x transpose(w) + bias: the right operand is stored as columns x depth.</summary>
    [Kernel(typeof(PanelTile16))]
    [Kernel(typeof(PanelTile8))]
    [Kernel(typeof(PanelTile4))]
    internal static void ForwardTransposed<TTile>(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> y,
        PanelArguments arguments)
        where TTile : struct, IPanelTile
    {
        var panels = SharedMemory.Allocate<float>(PanelProduct.PanelFloats);
        var tile = SharedMemory.Allocate<float>(PanelProduct.TileFloats);
        var sums = SharedMemory.Allocate<float>(PanelProduct.SumFloats);
        PanelProduct.Multiply<TTile>(x, w, bias, y, y, panels, tile, sums, arguments, false, true, 0);
    }

    /// <summary>preactivation = x w + bias, y = gelu(preactivation), exact form.</summary>
    [Kernel(typeof(PanelTile16))]
    [Kernel(typeof(PanelTile8))]
    [Kernel(typeof(PanelTile4))]
    internal static void ForwardGeluErf<TTile>(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> preactivation,
        ArrayView<float> y,
        PanelArguments arguments)
        where TTile : struct, IPanelTile
    {
        var panels = SharedMemory.Allocate<float>(PanelProduct.PanelFloats);
        var tile = SharedMemory.Allocate<float>(PanelProduct.TileFloats);
        var sums = SharedMemory.Allocate<float>(PanelProduct.SumFloats);
        PanelProduct.Multiply<TTile>(x, w, bias, preactivation, y, panels, tile, sums, arguments, false, false, 1);
    }

    /// <summary>preactivation = x w + bias, y = gelu(preactivation), tanh form.</summary>
    [Kernel(typeof(PanelTile16))]
    [Kernel(typeof(PanelTile8))]
    [Kernel(typeof(PanelTile4))]
    internal static void ForwardGeluTanh<TTile>(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> preactivation,
        ArrayView<float> y,
        PanelArguments arguments)
        where TTile : struct, IPanelTile
    {
        var panels = SharedMemory.Allocate<float>(PanelProduct.PanelFloats);
        var tile = SharedMemory.Allocate<float>(PanelProduct.TileFloats);
        var sums = SharedMemory.Allocate<float>(PanelProduct.SumFloats);
        PanelProduct.Multiply<TTile>(x, w, bias, preactivation, y, panels, tile, sums, arguments, false, false, 2);
    }

    /// <summary>dx = dy transpose(w): the right operand is stored as columns x depth.</summary>
    [Kernel(typeof(PanelTile16))]
    [Kernel(typeof(PanelTile8))]
    [Kernel(typeof(PanelTile4))]
    internal static void DataGradient<TTile>(ArrayView<float> dy, ArrayView<float> w, ArrayView<float> dx, PanelArguments arguments)
        where TTile : struct, IPanelTile
    {
        var panels = SharedMemory.Allocate<float>(PanelProduct.PanelFloats);
        var tile = SharedMemory.Allocate<float>(PanelProduct.TileFloats);
        var sums = SharedMemory.Allocate<float>(PanelProduct.SumFloats);
        PanelProduct.Multiply<TTile>(dy, w, dx, dx, dx, panels, tile, sums, arguments, false, true, 0);
    }

    /// <summary>dw = transpose(x) dy: the left operand is stored as depth x rows.</summary>
    [Kernel(typeof(PanelTile16))]
    [Kernel(typeof(PanelTile8))]
    [Kernel(typeof(PanelTile4))]
    internal static void WeightGradient<TTile>(ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dw, PanelArguments arguments)
        where TTile : struct, IPanelTile
    {
        var panels = SharedMemory.Allocate<float>(PanelProduct.PanelFloats);
        var tile = SharedMemory.Allocate<float>(PanelProduct.TileFloats);
        var sums = SharedMemory.Allocate<float>(PanelProduct.SumFloats);
        PanelProduct.Multiply<TTile>(x, dy, dw, dw, dw, panels, tile, sums, arguments, true, false, 0);
    }
}
