using ILGPU.IR;
using ILGPU.IR.Transformations;

namespace Engine.Compute.Vector.Import;

/// <summary>
/// Marks every method as one to inline, whatever its attributes and the context's inlining mode say: a call has no place in a vector, and what varies
/// between lanes cannot be an argument. Runs before ILGPU's <see cref="Inliner"/>.
/// </summary>
internal sealed class InlineEveryCall : UnorderedTransformation
{
    /// <inheritdoc/>
    protected override bool PerformTransformation(Method.Builder builder)
    {
        if (builder.Method.HasImplementation) builder.Method.AddFlags(MethodFlags.Inline);
        return false;
    }
}
