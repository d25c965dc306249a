using System.Reflection.Emit;
using Engine.Compute.Vector;
using Engine.Compute.Vector.Emit;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>The two bodies of a kernel, for whole vectors and for what is left, share what is known of it and are emitted one at a time, by whichever worker comes first.</summary>
public sealed class ConcurrentEmissionTests
{
    [Fact]
    public void TwoWorkersThatNeedBothBodiesEmitThemOneAfterTheOther()
    {
        const int GroupSize = 64;
        var compiler = new WaitingCompiler();
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = new VectorDevice(compiler, threads: 2).CreateAccelerator(context);
        using var x = accelerator.Allocate1D<int>(GroupSize + 1);

        // The first group is whole vectors, the second one a single thread.
        accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>>(Kernel, GroupSize)(GroupSize + 1, x.View);
        Assert.Equal(Enumerable.Range(0, GroupSize + 1), x.GetAsArray1D());
        Assert.Equal(2, compiler.Emissions);
        Assert.False(compiler.Overlap);
    }

    private static void Kernel(Index1D index, ArrayView<int> x) => x[index] = index;

    /// <summary>Makes the first emission wait for a while for a second one to begin.</summary>
    private sealed class WaitingCompiler : IVectorCompiler
    {
        private readonly VectorCompiler compiler = new();
        private readonly ManualResetEventSlim second = new();
        private int emissions;

        public int Emissions => emissions;

        public bool Overlap { get; private set; }

        public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options)
        {
            var program = (VectorProgram)compiler.Import(entryPoint, source, layout, options);
            program.Writer = Write;
            return program;
        }

        private InstructionWriter Write(ILGenerator il)
        {
            if (Interlocked.Increment(ref emissions) == 1)
            {
                Overlap = second.Wait(TimeSpan.FromMilliseconds(300));
            }
            else
            {
                second.Set();
            }

            return new InstructionWriter(il, null);
        }
    }
}
