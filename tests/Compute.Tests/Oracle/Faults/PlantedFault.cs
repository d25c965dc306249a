using Engine.Compute.Vector.IR;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>A miscompilation, as a change of the intermediate representation that a correct compiler would never make.</summary>
/// <param name="Name">What goes wrong.</param>
/// <param name="Plant">Changes a function; gives how often it found something to change.</param>
/// <param name="Kernels">Oracle kernels that hold what the fault changes, and that stay inside their views and come to an end with it.</param>
internal sealed record PlantedFault(string Name, Func<Function, int> Plant, params string[] Kernels)
{
    /// <summary>Gets all planted faults.</summary>
    public static IReadOnlyList<PlantedFault> All { get; } = [.. ControlFlowFaults.All, .. ArithmeticFaults.All, .. MemoryFaults.All, .. ThreadFaults.All];

    /// <inheritdoc/>
    public override string ToString() => Name;
}
