namespace Engine.Compute;

/// <summary>A device of this machine and its limits.</summary>
/// <param name="Selector">What a user names to open it, such as <c>cuda:0</c>.</param>
/// <param name="Kind">The kind of device.</param>
/// <param name="Name">Its name.</param>
/// <param name="MemoryBytes">Its memory in bytes.</param>
/// <param name="Multiprocessors">Its multiprocessors; worker threads on the vector CPU.</param>
/// <param name="WarpSize">Threads of a warp; 0 for an OpenCL device, which tells once it is opened.</param>
/// <param name="MaxGroupSize">Most threads of a group.</param>
/// <param name="SharedMemoryBytes">Shared memory of a group in bytes.</param>
/// <param name="Problem">Why it cannot be used, in one line; null if it can.</param>
public sealed record DeviceDescription(
    string Selector,
    DeviceKind Kind,
    string Name,
    long MemoryBytes,
    int Multiprocessors,
    int WarpSize,
    int MaxGroupSize,
    int SharedMemoryBytes,
    string? Problem);
