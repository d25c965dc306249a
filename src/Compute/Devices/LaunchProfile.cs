using System.Diagnostics;

namespace Engine.Compute;

/// <summary>
/// The time that operations and their kernels took on a device since <see cref="ComputeDevice.StartProfile"/>. Safe from any thread; an operation begins
/// and ends on one thread.
/// </summary>
/// <remarks>
/// A launch on the vector CPU returns when the kernel has ended, so an operation's time is that of its launches. Launches on other devices return at
/// once: there the device is waited for before and after every operation, and the first call of an operation, which compiles its kernels, counts as
/// <see cref="Preparation"/> alone.
/// </remarks>
public sealed class LaunchProfile
{
    [ThreadStatic]
    private static Scope? innermost;

    private readonly Action? synchronize;
    private readonly Lock entering = new();
    private readonly Dictionary<string, KernelTime> kernels = [];
    private readonly Dictionary<string, OperationTime> operations = [];
    private readonly HashSet<string> begun = [];
    private TimeSpan preparation;
    private TimeSpan accounted;
    private volatile bool paused;

    /// <summary>Starts empty.</summary>
    /// <param name="synchronize">Waits for the device; null where launches do so.</param>
    internal LaunchProfile(Action? synchronize) => this.synchronize = synchronize;

    /// <summary>Gets or sets a value indicating whether nothing is entered at present.</summary>
    public bool IsPaused
    {
        get => paused;
        set => paused = value;
    }

    /// <summary>Gets the launches so far by kernel, longest total time first. Empty on devices other than the vector CPU.</summary>
    public IReadOnlyList<KernelTime> Kernels
    {
        get
        {
            lock (entering)
            {
                return [.. kernels.Values.OrderByDescending(time => time.Total)];
            }
        }
    }

    /// <summary>Gets the operations so far, longest total time first; on the vector CPU also the kernels that were launched outside of any, without work.</summary>
    public IReadOnlyList<OperationTime> Operations
    {
        get
        {
            lock (entering)
            {
                return [.. operations.Values.OrderByDescending(time => time.Total)];
            }
        }
    }

    /// <summary>Gets the time within operations that is none of their kernels': loading, compiling and launching them.</summary>
    public TimeSpan Preparation
    {
        get
        {
            lock (entering)
            {
                return preparation;
            }
        }
    }

    /// <summary>Gets the time of all operations and <see cref="Preparation"/> together.</summary>
    public TimeSpan Accounted
    {
        get
        {
            lock (entering)
            {
                return accounted;
            }
        }
    }

    /// <summary>Begins an operation, which ends when the result is disposed of. Operations within it are entered for themselves.</summary>
    /// <param name="operation">Its name, under which its calls are added up.</param>
    /// <param name="flops">Multiplications and additions of its products; 0 where moving its operands is all that counts.</param>
    /// <param name="bytes">The bytes that it must move at least: every operand read once, every result written once; 0 where that is not known.</param>
    /// <returns>The end, or null where nothing is entered at present.</returns>
    public IDisposable? Begin(string operation, double flops, double bytes)
    {
        if (paused)
            return null;
        synchronize?.Invoke();
        return innermost = new Scope(this, operation, flops, bytes, innermost);
    }

    /// <summary>Enters one launch.</summary>
    /// <param name="kernel">Class and method of the kernel, and its type arguments in angle brackets.</param>
    /// <param name="elapsed">From the launch to its end.</param>
    internal void Add(string kernel, TimeSpan elapsed)
    {
        if (paused)
            return;
        var scope = innermost;
        lock (entering)
        {
            var before = kernels.GetValueOrDefault(kernel, new KernelTime(kernel, 0, TimeSpan.Zero));
            kernels[kernel] = before with { Launches = before.Launches + 1, Total = before.Total + elapsed };
            if (scope?.Profile == this)
                scope.Launched += elapsed;
            else
                Enter(kernel, elapsed, 0, 0);
        }
    }

    private void Enter(string operation, TimeSpan elapsed, double flops, double bytes)
    {
        var before = operations.GetValueOrDefault(operation, new OperationTime(operation, 0, TimeSpan.Zero, 0, 0));
        operations[operation] = before with
        {
            Calls = before.Calls + 1,
            Total = before.Total + elapsed,
            Flops = before.Flops + flops,
            Bytes = before.Bytes + bytes,
        };
        accounted += elapsed;
    }

    private void End(Scope scope, TimeSpan own)
    {
        lock (entering)
        {
            if (synchronize is null)
            {
                Enter(scope.Operation, scope.Launched, scope.Flops, scope.Bytes);
                own -= scope.Launched;
            }
            else if (!begun.Add(scope.Operation))
            {
                Enter(scope.Operation, own, scope.Flops, scope.Bytes);
                return;
            }

            preparation += own;
            accounted += own;
        }
    }

    /// <summary>An operation under way.</summary>
    private sealed class Scope(LaunchProfile profile, string operation, double flops, double bytes, Scope? outer) : IDisposable
    {
        private readonly long start = Stopwatch.GetTimestamp();
        private TimeSpan within;

        public LaunchProfile Profile => profile;

        public string Operation => operation;

        public double Flops => flops;

        public double Bytes => bytes;

        public TimeSpan Launched { get; set; }

        public void Dispose()
        {
            profile.synchronize?.Invoke();
            var elapsed = Stopwatch.GetElapsedTime(start);
            innermost = outer;
            if (outer is not null)
                outer.within += elapsed;
            profile.End(this, elapsed - within);
        }
    }
}

/// <summary>The launches of one kernel.</summary>
/// <param name="Kernel">Class and method of the kernel, and its type arguments in angle brackets.</param>
/// <param name="Launches">How often it was launched.</param>
/// <param name="Total">The time of all launches together, each from its start to its end.</param>
public sealed record KernelTime(string Kernel, int Launches, TimeSpan Total);

/// <summary>The calls of one operation.</summary>
/// <param name="Operation">Its name.</param>
/// <param name="Calls">How often it was called.</param>
/// <param name="Total">The time of all calls together.</param>
/// <param name="Flops">Multiplications and additions of its products, all calls together; 0 where moving its operands is all that counts.</param>
/// <param name="Bytes">The bytes that it had to move at least, all calls together; 0 where that is not known.</param>
public sealed record OperationTime(string Operation, int Calls, TimeSpan Total, double Flops, double Bytes);
