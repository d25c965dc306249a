using Engine.Compute;

namespace Engine.Kernels;

/// <summary>
/// The checks of one operation on one device: each launches it as the model does and compares what it left with scalar code in double precision. The
/// bounds come from the number of roundings; each says how.
/// </summary>
internal abstract class OperationChecks(ComputeDevice device, Comparison comparison) : IDisposable
{
    /// <summary>Gets the device.</summary>
    protected ComputeDevice Device { get; } = device;

    /// <summary>Gets where results are compared.</summary>
    protected Comparison Comparison { get; } = comparison;

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}

/// <summary>Sizes of an operation on a matrix.</summary>
/// <param name="Rows">Its rows.</param>
/// <param name="Columns">Its columns.</param>
internal readonly record struct RowShape(int Rows, int Columns)
{
    /// <summary>Gets the number of elements.</summary>
    public int Count => Rows * Columns;

    /// <inheritdoc/>
    public override string ToString() => $"{Rows}x{Columns}";
}
