using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Vector;

/// <summary>Compiles kernels to vector code.</summary>
internal sealed class VectorCompiler : IVectorCompiler
{
    /// <inheritdoc/>
    public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options) =>
        throw new NotSupportedException("this build has no vector compiler");
}
