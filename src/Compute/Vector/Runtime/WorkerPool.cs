using System.Runtime.ExceptionServices;

namespace Engine.Compute.Vector;

/// <summary>
/// Runs the groups of launches on a fixed set of threads, the launching thread among them. Groups are handed out in chunks, in
/// linear order with X fastest, from one atomic word; a worker without work spins for a moment, then sleeps until the next launch.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    /// <summary>Chunks that a launch is cut into per thread: enough to even out groups of unequal cost.</summary>
    private const int ChunksPerThread = 8;

    /// <summary>How long a worker, or a launch that waits for one, spins before it sleeps. Well below the millisecond after which an idle pool may use no CPU.</summary>
    private static readonly long SpinTicks = System.Diagnostics.Stopwatch.Frequency / 10_000;

    private readonly Lock launching = new();
    private readonly Worker[] workers;
    private readonly ScratchMemory scratch = new();
    private readonly AutoResetEvent finished = new(false);

    // The launch under way. Workers read these only while they own a chunk, which the launch waits for.
    private GroupEntry? entry;
    private byte* arguments;
    private LaunchInfo* launch;
    private nuint scratchBytes;
    private long groups;
    private long chunkSize;
    private int chunks;
    private Exception? failure;

    // Upper half: number of the launch; lower half: chunks that nobody has taken yet. One word, so that a worker that comes late
    // can never take a chunk of a launch whose fields it has not seen.
    private long ticket;
    private int pending;
    private int launcherSleeps;
    private volatile bool disposed;

    /// <summary>Starts a pool.</summary>
    /// <param name="threads">Threads that run a launch, the launching one included; at least 1.</param>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        workers = new Worker[threads - 1];
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i] = new Worker(this, i + 1);
        }
    }

    /// <summary>Gets how many threads run a launch, the launching one included.</summary>
    public int Threads => workers.Length + 1;

    /// <summary>Gets a value indicating whether it takes no more launches.</summary>
    public bool IsDisposed => disposed;

    /// <summary>Runs all groups of a launch and returns when the last has finished.</summary>
    /// <param name="code">The code that runs one group.</param>
    /// <param name="argumentBlock">The argument block.</param>
    /// <param name="info">The dimensions of the launch.</param>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void Run(VectorCode code, byte* argumentBlock, LaunchInfo* info)
    {
        lock (launching)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            entry = code.Entry;
            arguments = argumentBlock;
            launch = info;
            scratchBytes = (nuint)code.ScratchBytes + (nuint)info->DynamicSharedBytes;
            groups = (long)info->GridX * info->GridY * info->GridZ;
            chunkSize = Math.Max(1, groups / ((long)Threads * ChunksPerThread));
            chunks = (int)((groups + chunkSize - 1) / chunkSize);
            if (chunks == 1 || workers.Length == 0)
            {
                RunGroups(0, groups, scratch);
                return;
            }

            failure = null;
            pending = chunks;
            var number = (ticket >> 32) + 1;

            // A full fence: a worker that falls asleep either sees this launch or is seen asleep.
            Interlocked.Exchange(ref ticket, (number << 32) | (uint)chunks);
            for (int i = 0, wanted = Math.Min(chunks - 1, workers.Length); i < wanted; i++)
            {
                workers[i].Wake();
            }

            Take(scratch);
            WaitForWorkers();
            if (failure is not null)
            {
                ExceptionDispatchInfo.Throw(failure);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (launching)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
            Interlocked.MemoryBarrier();
            foreach (var worker in workers)
            {
                worker.Stop();
            }

            scratch.Dispose();
            finished.Dispose();
        }
    }

    /// <summary>Takes chunks of the present launch until none is left.</summary>
    private void Take(ScratchMemory memory)
    {
        while (true)
        {
            var current = Volatile.Read(ref ticket);
            var open = (int)current;
            if (open == 0)
            {
                return;
            }

            if (Interlocked.CompareExchange(ref ticket, current - 1, current) != current)
            {
                continue;
            }

            var chunk = chunks - open;
            try
            {
                if (Volatile.Read(ref failure) is null)
                {
                    RunGroups(chunk * chunkSize, Math.Min(groups, (chunk + 1) * chunkSize), memory);
                }
            }
            catch (Exception exception)
            {
                // Whatever a kernel throws belongs to the thread that launched it.
                Interlocked.CompareExchange(ref failure, exception, null);
            }

            if (Interlocked.Decrement(ref pending) == 0 && Volatile.Read(ref launcherSleeps) != 0)
            {
                finished.Set();
            }
        }
    }

    private void RunGroups(long first, long end, ScratchMemory memory)
    {
        var info = launch;
        var run = entry!;
        var block = arguments;
        var shared = memory.OfSize(scratchBytes);
        int width = info->GridX, height = info->GridY;
        var row = first / width;
        var x = (int)(first - (row * width));
        var z = (int)(row / height);
        var y = (int)(row - ((long)z * height));
        for (var group = first; group < end; group++)
        {
            run(block, info, x, y, z, shared);
            if (++x == width)
            {
                x = 0;
                if (++y == height)
                {
                    y = 0;
                    z++;
                }
            }
        }
    }

    private void WaitForWorkers()
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (Volatile.Read(ref pending) != 0)
        {
            if (System.Diagnostics.Stopwatch.GetTimestamp() - start < SpinTicks)
            {
                Thread.SpinWait(10);
                continue;
            }

            Interlocked.Exchange(ref launcherSleeps, 1);
            while (Volatile.Read(ref pending) != 0)
            {
                finished.WaitOne();
            }

            Volatile.Write(ref launcherSleeps, 0);
        }
    }

    /// <summary>One thread of the pool.</summary>
    private sealed class Worker
    {
        private readonly WorkerPool pool;
        private readonly Thread thread;
        private readonly AutoResetEvent wakeUp = new(false);
        private readonly ScratchMemory memory = new();
        private int asleep;

        public Worker(WorkerPool pool, int number)
        {
            this.pool = pool;
            thread = new Thread(Loop, maxStackSize: 1 << 20) { IsBackground = true, Name = $"vector CPU worker {number}" };
            thread.Start();
        }

        public void Wake()
        {
            if (Volatile.Read(ref asleep) != 0 && Interlocked.Exchange(ref asleep, 0) != 0)
            {
                wakeUp.Set();
            }
        }

        public void Stop()
        {
            wakeUp.Set();
            thread.Join();
            wakeUp.Dispose();
        }

        private void Loop()
        {
            var seen = 0L;
            while (!pool.disposed)
            {
                seen = WaitForLaunch(seen);
                pool.Take(memory);
            }

            memory.Dispose();
        }

        /// <summary>Waits until a launch with another number than the last one seen is under way, and returns its number.</summary>
        private long WaitForLaunch(long seen)
        {
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            while (!pool.disposed)
            {
                var number = Volatile.Read(ref pool.ticket) >> 32;
                if (number != seen)
                {
                    return number;
                }

                if (System.Diagnostics.Stopwatch.GetTimestamp() - start < SpinTicks)
                {
                    Thread.SpinWait(10);
                    continue;
                }

                Interlocked.Exchange(ref asleep, 1);
                if (Volatile.Read(ref pool.ticket) >> 32 == seen && !pool.disposed)
                {
                    wakeUp.WaitOne();
                    start = System.Diagnostics.Stopwatch.GetTimestamp();
                }

                Volatile.Write(ref asleep, 0);
            }

            return seen;
        }
    }
}
