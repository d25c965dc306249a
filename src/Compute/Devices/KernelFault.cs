using System.Globalization;

namespace Engine.Compute;

/// <summary>What checked mode finds.</summary>
public enum KernelFaultKind
{
    /// <summary>An index outside of a view or an array, or an address outside of all memory.</summary>
    OutOfRange,

    /// <summary>A read of memory that nobody has written since it was allocated.</summary>
    Unwritten,

    /// <summary>Two threads of a group, with no barrier between, use one element, one of them writes, and not both accesses are atomic.</summary>
    RaceInGroup,

    /// <summary>Two groups of a launch use one element, one of them writes, and not both accesses are atomic.</summary>
    RaceBetweenGroups,

    /// <summary>A barrier that some threads of the group do not come to.</summary>
    DivergentBarrier,

    /// <summary>An integer division by zero whose result is used.</summary>
    DivisionByZero,

    /// <summary>An assertion of the kernel's that does not hold.</summary>
    FailedAssertion,
}

/// <summary>One thing that checked mode found, at one place of a kernel in one group.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Kernel">Class and method of the kernel.</param>
/// <param name="Group">Index of the group: X, Y, Z.</param>
/// <param name="Threads">Indices in their group of the first threads that it befell: X, Y, Z.</param>
/// <param name="ThreadCount">How many threads of the group it befell.</param>
/// <param name="Index">The index, or the element that was used; null where there is none.</param>
/// <param name="Length">Elements of the view, array or buffer; null where there is none.</param>
/// <param name="Source">File and line, or the method where its file is not known.</param>
/// <param name="Detail">The rest in words.</param>
public sealed record KernelFault(
    KernelFaultKind Kind,
    string Kernel,
    (int X, int Y, int Z) Group,
    IReadOnlyList<(int X, int Y, int Z)> Threads,
    int ThreadCount,
    long? Index,
    long? Length,
    string Source,
    string Detail)
{
    /// <summary>Says it in one line.</summary>
    public override string ToString()
    {
        var threads = string.Join(", ", Threads.Select(thread => thread.ToString()));
        if (ThreadCount > Threads.Count)
        {
            threads += $" and {ThreadCount - Threads.Count} more";
        }

        var index = Index is null ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", index {Index}{(Length is null ? string.Empty : $" of {Length}")}");
        return $"{Kernel}: {Detail}{index}, group {Group}, {(ThreadCount == 1 ? "thread" : "threads")} {threads}, {Source}";
    }
}

/// <summary>Thrown at the first synchronization after a launch in which checked mode found something.</summary>
public sealed class KernelFaultException : ComputeException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="faults">What was found, in the order in which it was.</param>
    /// <param name="more">How many further faults were not kept.</param>
    public KernelFaultException(IReadOnlyList<KernelFault> faults, int more)
        : base(string.Join(Environment.NewLine, faults.Select(fault => fault.ToString()).Concat(more > 0 ? [$"and {more} more"] : [])))
    {
        Faults = faults;
    }

    /// <summary>Gets what was found.</summary>
    public IReadOnlyList<KernelFault> Faults { get; }
}
