using Engine.Compute.Vector;
using ILGPU;

namespace Engine.Compute.Tests.Runtime;

/// <summary>A vector accelerator with a compiler of the test's choice.</summary>
internal sealed class Opened : IDisposable
{
    public Opened(IVectorCompiler compiler, int threads = 2, int vectorBits = 128)
    {
        Context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2).Profiling().EnableAlgorithms());
        Accelerator = (VectorAccelerator)new VectorDevice(compiler, threads, vectorBits).CreateAccelerator(Context);
    }

    public Context Context { get; }

    public VectorAccelerator Accelerator { get; }

    public void Dispose()
    {
        Accelerator.Dispose();
        Context.Dispose();
    }
}
