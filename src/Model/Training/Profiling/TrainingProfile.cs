using System.Diagnostics;
using Engine.Compute;
using Engine.Kernels;

namespace Engine.Model.Training.Profiling;

/// <summary>
/// Where the time of a training run goes: by operation, and what is none of an operation's. Give it to <see cref="FineTuning.Run"/>; what is done between
/// its start and that call counts as reading.
/// </summary>
public sealed class TrainingProfile
{
    private readonly ComputeDevice _device;
    private readonly LaunchProfile _launches;
    private readonly Stopwatch _wall = Stopwatch.StartNew();
    private TimeSpan _reading;
    private TimeSpan _betweenOperations;
    private TimeSpan _validating;
    private int _validations;
    private int _steps;

    private TrainingProfile(ComputeDevice device, DevicePeaks peaks)
    {
        _device = device;
        Peaks = peaks;
        _launches = device.StartProfile();
    }

    /// <summary>What operations are compared with.</summary>
    public DevicePeaks Peaks { get; }

    /// <summary>Measures what the device gives at most, and starts.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    public static TrainingProfile Start(ComputeDevice device) => new(device, DevicePeaks.Measure(device));

    /// <summary>What was measured. The rows' times add up to <see cref="ProfileTable.Wall"/>.</summary>
    /// <exception cref="InvalidOperationException">The training has not ended.</exception>
    public ProfileTable Table()
    {
        if (_wall.IsRunning)
            throw new InvalidOperationException("The profile is read before the training has ended.");
        TimeSpan wall = _wall.Elapsed;
        List<ProfileRow> rows =
        [
            .. _launches.Operations.Select(operation => new ProfileRow(operation.Operation, operation.Total, operation.Calls, operation.Flops, operation.Bytes)),
            new("loading, compiling and launching kernels", _launches.Preparation, 0, 0, 0),
            new("in steps, between operations: packing, copies, results", _betweenOperations, 0, 0, 0),
            new("validation", _validating, _validations, 0, 0),
            new("before training: reading the model, tokenizing", _reading, 0, 0, 0),
        ];
        TimeSpan known = TimeSpan.FromTicks(rows.Sum(row => row.Time.Ticks));
        rows.Add(new ProfileRow("between steps: saving, progress, the best epoch", wall - known, 0, 0, 0));
        return new ProfileTable(rows, wall, _steps, Peaks);
    }

    /// <summary>The training begins.</summary>
    internal void Begin() => _reading = _wall.Elapsed;

    /// <summary>The training has ended, one way or another.</summary>
    internal void End()
    {
        _wall.Stop();
        _device.StopProfile();
    }

    /// <summary>A step begins, whose operations enter themselves.</summary>
    /// <returns>Its end.</returns>
    internal IDisposable Step()
    {
        TimeSpan before = _launches.Accounted;
        return new Part(elapsed =>
        {
            _betweenOperations += elapsed - (_launches.Accounted - before);
            _steps++;
        });
    }

    /// <summary>A validation begins: one row as a whole, lest its forward passes be taken for those of steps.</summary>
    /// <returns>Its end.</returns>
    internal IDisposable Validation()
    {
        _launches.IsPaused = true;
        return new Part(elapsed =>
        {
            _launches.IsPaused = false;
            _validating += elapsed;
            _validations++;
        });
    }

    /// <summary>A part of the run under way.</summary>
    private sealed class Part(Action<TimeSpan> end) : IDisposable
    {
        private readonly long _start = Stopwatch.GetTimestamp();

        public void Dispose() => end(Stopwatch.GetElapsedTime(_start));
    }
}

/// <summary>Where the time of a training run went.</summary>
/// <param name="Rows">Operations, longest time first, then what is none of an operation's.</param>
/// <param name="Wall">The time that all rows together have, from the profile's start to the training's end.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Peaks">What the device gives at most.</param>
public sealed record ProfileTable(IReadOnlyList<ProfileRow> Rows, TimeSpan Wall, int Steps, DevicePeaks Peaks);

/// <summary>One row of a profile.</summary>
/// <param name="Name">An operation's name, or what else took time.</param>
/// <param name="Time">The time of all calls together.</param>
/// <param name="Calls">How often it was called; 0 where that means nothing.</param>
/// <param name="Flops">Multiplications and additions of its products; 0 where moving its operands is all that counts.</param>
/// <param name="Bytes">The bytes that it had to move at least; 0 where they are not counted.</param>
public sealed record ProfileRow(string Name, TimeSpan Time, int Calls, double Flops, double Bytes);
