using Engine.Compute.Vector.IR;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>A miscompilation, as a change of the intermediate representation or of the emitted code that a correct compiler would never make.</summary>
/// <param name="Name">What goes wrong.</param>
/// <param name="Plant">Changes a function; gives how often it found something to change.</param>
/// <param name="Kernels">Oracle kernels that hold what the fault changes, and that stay inside their views and come to an end with it.</param>
internal sealed record PlantedFault(string Name, Func<Function, int> Plant, params string[] Kernels)
{
    /// <summary>Gets all planted faults.</summary>
    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        .. ControlFlowFaults.All, .. ArithmeticFaults.All, .. MemoryFaults.All, .. ThreadFaults.All, .. MaskEmissionFaults.All, .. ValueEmissionFaults.All,
    ];

    /// <summary>Gets what makes the fault for one emitted method, null where the representation carries it.</summary>
    public Func<Rewrite>? InEmittedCode { get; private init; }

    /// <summary>A fault in emitted code.</summary>
    /// <param name="name">What goes wrong.</param>
    /// <param name="rewrite">Makes the fault for one emitted method.</param>
    /// <param name="kernels">As for the others.</param>
    public static PlantedFault InCode(string name, Func<Rewrite> rewrite, params string[] kernels) => new(name, _ => 0, kernels) { InEmittedCode = rewrite };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
