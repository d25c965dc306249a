using System.Diagnostics;
using Engine.Compute.Vector;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>Tests that measure the whole process: nothing else runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed unsafe class IdlePoolTests
{
    [Fact]
    public void AnIdlePoolUsesNoProcessor()
    {
        using var pool = new WorkerPool(8);
        var launch = new LaunchInfo { GridX = 64, GridY = 1, GridZ = 1, GroupX = 1, GroupY = 1, GroupZ = 1 };
        pool.Run(new VectorCode((_, _, _, _, _, _) => Thread.SpinWait(1000), 64), null, &launch);

        // The runtime compiles and collects in the background: what counts is the least that was seen.
        var least = double.MaxValue;
        for (var attempt = 0; attempt < 20 && least > 5; attempt++)
        {
            Thread.Sleep(2);
            var before = ProcessorTime();
            Thread.Sleep(50);
            least = Math.Min(least, ProcessorTime() - before);
        }

        // Workers that spun would use 50 ms on each core.
        Assert.True(least <= 5, $"an idle pool used {least} ms of processor time in 50 ms");
    }

    private static double ProcessorTime() => Process.GetCurrentProcess().TotalProcessorTime.TotalMilliseconds;
}
