using System.Diagnostics;
using ILGPU.Runtime;

namespace Engine.Compute.Vector;

/// <summary>A point in time on a stream of the vector accelerator.</summary>
internal sealed class VectorProfilingMarker : ProfilingMarker
{
    private readonly long timestamp = Stopwatch.GetTimestamp();

    /// <summary>Marks the present time.</summary>
    /// <param name="accelerator">The accelerator.</param>
    public VectorProfilingMarker(Accelerator accelerator)
        : base(accelerator)
    {
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
    }

    /// <inheritdoc/>
    public override TimeSpan MeasureFrom(ProfilingMarker marker) =>
        marker is VectorProfilingMarker start
            ? Stopwatch.GetElapsedTime(start.timestamp, timestamp)
            : throw new ArgumentException("a profiling marker of another accelerator cannot be compared", nameof(marker));

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }
}
