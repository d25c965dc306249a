using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>A method under construction whose values can be had as scalars.</summary>
internal interface IScalarOperands
{
    /// <summary>The method's IL.</summary>
    InstructionWriter IL { get; }

    /// <summary>Pushes a value as a scalar: of one that differs between lanes, lane 0 of vector <paramref name="vector"/>.</summary>
    void PushScalar(Value value, int vector);
}
