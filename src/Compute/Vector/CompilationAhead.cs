namespace Engine.Compute.Vector;

/// <summary>
/// Work of a device whose launches compile their kernel for their group instead of running it. The work itself goes on in the meantime: code is compiled on the
/// thread pool, and a launch that comes before its kernel is ready waits for it. Safe from any thread; work on other threads launches as ever.
/// </summary>
/// <remarks>
/// Nothing that fails here is lost, whatever it is: a kernel keeps no code that could not be made, so the launch that is meant to run makes it again, or fails
/// by itself, where somebody answers for it. An exception that left a thread of the pool would end the process.
/// </remarks>
/// <param name="accelerator">Whose launches are meant.</param>
internal sealed class CompilationAhead(VectorAccelerator accelerator)
{
    [ThreadStatic]
    private static CompilationAhead? current;

    private readonly object gate = new();
    private readonly HashSet<(VectorKernel Kernel, GroupShape Shape)> taken = [];
    private int underWay;
    private bool stopped;

    private VectorAccelerator Owner { get; } = accelerator;

    /// <summary>Returns what takes the launches of an accelerator on this thread; null where they run.</summary>
    /// <param name="accelerator">The accelerator.</param>
    public static CompilationAhead? Of(VectorAccelerator accelerator) => current is { } ahead && ahead.Owner == accelerator ? ahead : null;

    /// <summary>Goes through work on another thread.</summary>
    /// <param name="work">The work; what it reads back is not computed, and what it throws is left out.</param>
    /// <returns>Ends, without failing, when the work was gone through.</returns>
    public Task Start(Action work) => Task.Run(() =>
    {
        var outer = current;
        current = this;
        try
        {
            Do(work);
        }
        finally
        {
            current = outer;
        }
    });

    /// <summary>Takes a launch; one that was taken before is known already.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="shape">Its group.</param>
    /// <exception cref="ObjectDisposedException">It was stopped: the device is being closed.</exception>
    public void Take(VectorKernel kernel, GroupShape shape)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopped, Owner);
            if (!taken.Add((kernel, shape)))
            {
                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(_ => Do(() => kernel.CodeFor(shape)), null);
    }

    /// <summary>Waits for the work and the kernels under way, and leaves out what has not begun; nothing begins afterwards.</summary>
    /// <exception cref="InvalidOperationException">Called by such work, which would wait for itself.</exception>
    public void Stop()
    {
        if (current == this)
        {
            throw new InvalidOperationException($"{Owner.Name}: work that is gone through ahead cannot close its device");
        }

        lock (gate)
        {
            stopped = true;
            taken.Clear();
            while (underWay > 0)
            {
                Monitor.Wait(gate);
            }
        }
    }

    private void Do(Action part)
    {
        lock (gate)
        {
            if (stopped)
            {
                return;
            }

            underWay++;
        }

        try
        {
            part();
        }
        catch (Exception)
        {
            // Of any kind, lack of memory too; see above.
        }
        finally
        {
            lock (gate)
            {
                underWay--;
                Monitor.PulseAll(gate);
            }
        }
    }
}
