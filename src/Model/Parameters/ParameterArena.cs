using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <summary>The device memory of all parameters and, for the trained ones, of gradients and moments.</summary>
internal sealed class ParameterArena : IDisposable
{
    private readonly List<MemoryBuffer1D<float, Stride1D.Dense>> buffers = [];

    /// <summary>Allocates the memory, which holds anything until <see cref="Clear"/>.</summary>
    /// <exception cref="ModelException">The device has too little memory.</exception>
    public ParameterArena(ComputeDevice device, ParameterLayout layout)
    {
        Device = device;
        Layout = layout;
        try
        {
            Parameters = Allocate(layout.Length);
            if (layout.TrainedLength > 0)
            {
                Gradients = Allocate(layout.TrainedLength);
                FirstMoment = Allocate(layout.TrainedLength);
                SecondMoment = Allocate(layout.TrainedLength);
                DecayMask = Allocate(layout.TrainedLength / Kernels.Adam.DecayBlock);
            }
        }
        catch (Exception exception) when (exception is OutOfMemoryException or AcceleratorException)
        {
            Dispose();
            throw new ModelException(
                $"{device.Name}: cannot allocate {((long)layout.Length + 3L * layout.TrainedLength) >> 18} MB for parameters "
                + $"({exception.Message}); choose a smaller model or a frozen encoder",
                exception);
        }
    }

    /// <summary>The device that the memory is on.</summary>
    public ComputeDevice Device { get; }

    /// <summary>Where everything lies.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>[<see cref="ParameterLayout.Length"/>].</summary>
    public ArrayView<float> Parameters { get; }

    /// <summary>[<see cref="ParameterLayout.TrainedLength"/>]; default where nothing is trained.</summary>
    public ArrayView<float> Gradients { get; }

    /// <summary>As <see cref="Gradients"/>.</summary>
    public ArrayView<float> FirstMoment { get; }

    /// <summary>As <see cref="Gradients"/>.</summary>
    public ArrayView<float> SecondMoment { get; }

    /// <summary>1 or 0 for each block of the optimizer's granularity.</summary>
    public ArrayView<float> DecayMask { get; }

    /// <summary>Sets everything to 0, what is between tensors too, and the mask of what decays as it stays.</summary>
    public void Clear()
    {
        foreach (var buffer in buffers)
            buffer.View.BaseView.MemSetToZero(Device.Stream);
        var mask = new float[Layout.DecayedLength / Kernels.Adam.DecayBlock];
        Array.Fill(mask, 1f);
        if (mask.Length > 0)
            DecayMask.SubView(0, mask.Length).CopyFromCPU(Device.Stream, mask);
        Device.Synchronize();
    }

    /// <summary>Copies elements of a tensor, in the order of files, from an arena to the host.</summary>
    /// <param name="arena">Parameters or gradients.</param>
    /// <param name="tensor">The tensor.</param>
    /// <param name="first">Its first element wanted.</param>
    /// <param name="target">Receives consecutive elements.</param>
    public void Read(ArrayView<float> arena, ParameterTensor tensor, int first, Span<float> target)
    {
        var block = tensor.Block.In(arena);
        if (tensor.RowStride == 0)
        {
            block.SubView(tensor.Start + first, target.Length).CopyToCPU(Device.Stream, target);
            Device.Synchronize();
            return;
        }

        var staging = new float[tensor.Block.Length];
        block.CopyToCPU(Device.Stream, staging);
        Device.Synchronize();
        tensor.FromBlock(staging, first, target);
    }

    /// <summary>Copies a tensor, in the order of files, from the host to the parameters.</summary>
    public void Write(ParameterTensor tensor, ReadOnlySpan<float> values)
    {
        var block = tensor.Block.In(Parameters);
        if (tensor.RowStride == 0)
        {
            block.SubView(tensor.Start, values.Length).CopyFromCPU(Device.Stream, values);
            Device.Synchronize();
            return;
        }

        var staging = new float[tensor.Block.Length];
        block.CopyToCPU(Device.Stream, staging);
        Device.Synchronize();
        tensor.ToBlock(values, staging);
        block.CopyFromCPU(Device.Stream, staging);
        Device.Synchronize();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in buffers)
            buffer.Dispose();
        buffers.Clear();
    }

    private ArrayView<float> Allocate(int length)
    {
        var buffer = Device.Accelerator.Allocate1D<float>(length);
        buffers.Add(buffer);
        return buffer.View.BaseView;
    }
}
