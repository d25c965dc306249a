using ILGPU;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.IR.Types;
using ILGPU.IR.Values;
using ILGPU.Runtime;

namespace Engine.Compute.Vector;

/// <summary>ILGPU's specialization for an accelerator, which keeps what kernels write: ILGPU's own removes it on accelerators that do not say how.</summary>
internal sealed class KernelSpecializer(int warpSize, PrimitiveType pointerType, ContextProperties properties)
    : AcceleratorSpecializer(AcceleratorType.CPU, warpSize, pointerType, properties.EnableAssertions, properties.EnableIOOperations)
{
    /// <inheritdoc/>
    protected override void Implement(IRContext context, Method.Builder methodBuilder, BasicBlock.Builder builder, WriteToOutput writeToOutput)
    {
    }

    /// <inheritdoc/>
    protected override void Implement(IRContext context, Method.Builder methodBuilder, BasicBlock.Builder builder, DebugAssertOperation debugAssert)
    {
    }
}
