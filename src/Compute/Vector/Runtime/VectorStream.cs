using ILGPU.Runtime;

namespace Engine.Compute.Vector;

/// <summary>A stream of the vector accelerator. Launches and copies are finished when they return, so it has nothing to wait for; checked mode says here what it found.</summary>
internal sealed class VectorStream : AcceleratorStream
{
    /// <summary>Makes a stream.</summary>
    /// <param name="accelerator">The accelerator.</param>
    public VectorStream(Accelerator accelerator)
        : base(accelerator)
    {
    }

    /// <inheritdoc/>
    public override void Synchronize() => ((VectorAccelerator)Accelerator).Checks?.Faults.ThrowIfAny();

    /// <inheritdoc/>
    protected override ProfilingMarker AddProfilingMarkerInternal() => new VectorProfilingMarker(Accelerator);

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }
}
