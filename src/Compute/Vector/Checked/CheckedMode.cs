namespace Engine.Compute.Vector.Checked;

/// <summary>How checked mode runs kernels.</summary>
/// <param name="Order">Order of groups and threads.</param>
/// <param name="Seed">Seed of a seeded order.</param>
internal sealed record CheckOptions(ThreadOrder Order, int Seed);

/// <summary>
/// Checked mode of one accelerator: kernels run thread by thread, one group after the other, and every access to memory is looked at. What is found is
/// thrown at the next synchronization.
/// </summary>
internal sealed unsafe class CheckedMode(CheckOptions options) : IDisposable
{
    private readonly Lock launching = new();
    private readonly ScratchMemory scratch = new();
    private readonly List<IDisposable> owned = [];
    private readonly Dictionary<long, HashSet<int>> met = [];
    private readonly HashSet<int> before = [];

    /// <summary>How kernels are run.</summary>
    public CheckOptions Options => options;

    /// <summary>The accelerator's buffers.</summary>
    public MemoryMap Memory { get; } = new();

    /// <summary>What was found.</summary>
    public FaultLog Faults { get; } = new();

    /// <summary>Number of the first group of the launch under way; groups are numbered from 1 over all launches.</summary>
    public int FirstGroup { get; private set; } = 1;

    /// <summary>Number of the group that runs.</summary>
    public int Group { get; private set; }

    /// <summary>Linear index of the group that runs in its launch.</summary>
    public long GroupIndex { get; private set; }

    /// <summary>Groups of this launch whose writes the group that runs may read: see <see cref="Meet"/>.</summary>
    public IReadOnlySet<int> Before => before;

    /// <summary>
    /// Notes an atomic of a kernel that fences its writes. What groups did before their atomics on an address is known to the group that comes to it later, and to
    /// those that come to it after that one: the way in which the last of all groups sums up what the others have left.
    /// </summary>
    /// <param name="address">The address.</param>
    public void Meet(long address)
    {
        if (!met.TryGetValue(address, out var groups)) met[address] = groups = [];
        before.UnionWith(groups);
        groups.UnionWith(before);
        groups.Add(Group);
    }

    /// <summary>Runs all groups of a launch.</summary>
    /// <param name="code">The code that runs one group.</param>
    /// <param name="arguments">The argument block.</param>
    /// <param name="launch">The dimensions of the launch.</param>
    public void Run(VectorCode code, byte* arguments, LaunchInfo* launch)
    {
        lock (launching)
        {
            var memory = scratch.OfSize((nuint)code.ScratchBytes + (nuint)launch->DynamicSharedBytes);
            FirstGroup = Group + 1;
            met.Clear();
            long width = launch->GridX, plane = width * launch->GridY, count = plane * launch->GridZ;
            for (long position = 0; position < count; position++)
            {
                Group++;
                before.Clear();
                GroupIndex = ThreadOrders.Group(position, count, options);
                code.Entry(arguments, launch, (int)(GroupIndex % width), (int)(GroupIndex % plane / width), (int)(GroupIndex / plane), memory);
            }
        }
    }

    /// <summary>Keeps something until the accelerator is disposed.</summary>
    public void Own(IDisposable something)
    {
        lock (owned) owned.Add(something);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        scratch.Dispose();
        foreach (var something in owned) something.Dispose();
    }
}
