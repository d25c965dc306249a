using Engine.Compute.Vector;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

public sealed unsafe class WorkerPoolTests
{
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 1, 1, 2)]
    [InlineData(2, 7, 5, 3)]
    [InlineData(4, 1000, 1, 1)]
    [InlineData(4, 1, 333, 2)]
    [InlineData(7, 13, 1, 11)]
    [InlineData(3, 100_000, 1, 1)]
    public void EveryGroupRunsExactlyOnceWithItsOwnIndex(int threads, int x, int y, int z)
    {
        var counts = new int[x * y * z];
        using var pool = new WorkerPool(threads);
        for (var round = 0; round < 3; round++)
        {
            Array.Clear(counts);
            Run(pool, (_, launch, gx, gy, gz, _) => Interlocked.Increment(ref counts[gx + (launch->GridX * (gy + (launch->GridY * gz)))]), x, y, z);
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void ManySmallLaunchesInARowLoseNothing()
    {
        using var pool = new WorkerPool(3);
        var total = 0L;
        var expected = 0L;
        for (var i = 0; i < 50_000; i++)
        {
            var groups = (i % 5) + 1;
            expected += groups;
            Run(pool, (_, _, _, _, _, _) => Interlocked.Increment(ref total), groups);
            Assert.Equal(expected, Interlocked.Read(ref total));
        }
    }

    [Fact]
    public void LaunchesOfSeveralThreadsTakeTurns()
    {
        using var pool = new WorkerPool(2);
        var running = 0;
        var overlap = 0;
        var launches = new long[4];
        Parallel.For(0, launches.Length, launcher =>
        {
            for (var i = 0; i < 500; i++)
            {
                Run(pool, (arguments, _, _, _, _, _) =>
                {
                    var own = (int)(nint)arguments;
                    if (Interlocked.CompareExchange(ref running, own + 1, 0) is var other && other != 0 && other != own + 1)
                    {
                        overlap++;
                    }

                    Interlocked.Increment(ref launches[own]);
                    Interlocked.Exchange(ref running, 0);
                }, 1, arguments: (byte*)launcher);
            }
        });
        Assert.Equal(0, overlap);
        Assert.All(launches, count => Assert.Equal(500, count));
    }

    [Fact]
    public void AnExceptionSurfacesAtTheLaunchAndThePoolGoesOn()
    {
        using var pool = new WorkerPool(3);
        for (var failing = 0; failing < 40; failing += 13)
        {
            var thrower = failing;
            var exception = Assert.Throws<InvalidOperationException>(() => Run(pool, (_, _, gx, _, _, _) =>
            {
                if (gx == thrower)
                {
                    throw new InvalidOperationException($"group {gx}");
                }
            }, 40));
            Assert.Equal($"group {failing}", exception.Message);
            var count = 0;
            Run(pool, (_, _, _, _, _, _) => Interlocked.Increment(ref count), 40);
            Assert.Equal(40, count);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void ALaunchUsesAsManyThreadsAsThePoolHas(int threads)
    {
        using var pool = new WorkerPool(threads);
        Assert.Equal(threads, pool.Threads);
        var seen = new HashSet<int>();
        using var together = new Barrier(threads);
        Run(pool, (_, _, _, _, _, _) =>
        {
            lock (seen)
            {
                seen.Add(Environment.CurrentManagedThreadId);
            }

            // Every thread waits for all others: fewer would time out, more could not be.
            Assert.True(together.SignalAndWait(TimeSpan.FromSeconds(20)));
        }, threads);
        Assert.Equal(threads, seen.Count);
    }

    [Fact]
    public void ScratchMemoryIsAlignedLargeEnoughAndOnePerThread()
    {
        using var pool = new WorkerPool(2);
        var wrong = 0;
        foreach (var size in new[] { 64, 100_000, 1000, 1 << 20 })
        {
            Run(pool, (_, launch, gx, _, _, scratch) =>
            {
                var memory = new Span<byte>(scratch, size + launch->DynamicSharedBytes);
                memory.Fill((byte)gx);
                Thread.Yield();
                if ((long)scratch % 64 != 0 || memory.ContainsAnyExcept((byte)gx))
                {
                    Interlocked.Increment(ref wrong);
                }
            }, 30, scratch: size, dynamicShared: 128);
        }

        Assert.Equal(0, wrong);
    }

    [Fact]
    public void ADisposedPoolRefusesLaunches()
    {
        var pool = new WorkerPool(2);
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Run(pool, (_, _, _, _, _, _) => { }, 2));
    }

    [Fact]
    public void NothingIsAllocatedPerLaunch()
    {
        using var pool = new WorkerPool(2);
        var code = new VectorCode((_, _, _, _, _, _) => { }, 64);
        var launch = new LaunchInfo { GridX = 2, GridY = 1, GridZ = 1, GroupX = 1, GroupY = 1, GroupZ = 1 };
        pool.Run(code, null, &launch);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            pool.Run(code, null, &launch);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Run(WorkerPool pool, GroupEntry entry, int x, int y = 1, int z = 1, int scratch = 64, int dynamicShared = 0, byte* arguments = null)
    {
        var launch = new LaunchInfo { GridX = x, GridY = y, GridZ = z, GroupX = 1, GroupY = 1, GroupZ = 1, DynamicSharedBytes = dynamicShared };
        pool.Run(new VectorCode(entry, scratch), arguments, &launch);
    }
}
