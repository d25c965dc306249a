using System.Reflection.Emit;
using Engine.Compute.Vector.Checked;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.Import;
using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;
using Engine.Compute.Vector.Threads;

namespace Engine.Compute.Vector;

/// <summary>One imported kernel, from which code for any group shape is made.</summary>
internal sealed unsafe class VectorProgram(Function prepared, VectorCompilerOptions options, string kernelName) : IVectorProgram
{
    /// <inheritdoc/>
    public int SharedMemoryBytes { get; } = prepared.SharedArrays.Sum(array => (array.Bytes + 63) / 64 * 64);

    /// <summary>The imported kernel, before any group shape is known.</summary>
    public Function Prepared => prepared;

    /// <summary>Width of the vectors that are emitted, in bits.</summary>
    public int VectorBits => options.VectorBits;

    /// <summary>Gets or sets what makes the writers of vector code, so that tests can plant faults in it; null for the ordinary one.</summary>
    public Func<ILGenerator, InstructionWriter>? Writer { get; set; }

    /// <inheritdoc/>
    public VectorCode Specialize(GroupShape shape)
    {
        try
        {
            if (options.Checks is { } checks) return RunChecked(shape, checks);
            return (options.IsScalar ? null : Vectorize(shape)) ?? RunByThread(shape);
        }
        catch (NotSupportedException exception) when (exception is not UnsupportedKernelException)
        {
            throw new UnsupportedKernelException(prepared.Name, exception.Message);
        }
    }

    /// <summary>Code that runs whole vectors of threads, or null where threads of a vector have to go ways of their own.</summary>
    private VectorCode? Vectorize(GroupShape shape)
    {
        Function function;
        LoopForest forest;
        LaneModel lanes;
        BlockLayout layout;
        ShapeAnalysis shapes;
        try
        {
            (function, forest, lanes) = Optimize(shape);
            layout = new BlockLayout(function, forest);
            shapes = new ShapeAnalysis(function, forest, layout, lanes);
        }
        catch (NotSupportedException)
        {
            // Control flow without loops of one way in, or that never comes together again.
            return null;
        }

        if (!Vectorization.IsPossible(function, forest, shapes, lanes)) return null;
        var methods = new VectorMethods(options.VectorBits);
        var scratch = new ScratchLayout(function, lanes.Lanes);

        // Two workers may need one body each at the same moment.
        var emitting = new Lock();
        GroupBody Body(bool masked)
        {
            lock (emitting) return FunctionEmitter.Emit(function, forest, layout, lanes, shapes, methods, scratch, masked, writer: Writer);
        }

        var full = new Lazy<GroupBody>(() => Body(false));
        var masked = new Lazy<GroupBody>(() => Body(true));
        return new VectorCode(GroupEntries.Make(lanes, function.ImplicitDimensions, full, masked), scratch.Bytes);
    }

    private VectorCode RunByThread(GroupShape shape)
    {
        var function = prepared.Clone();
        function.Renumber();
        Pipeline.SpecializeForThreads(function, shape, options.Contraction);
        var layout = new ThreadLayout(function, shape.Size);
        var group = new ThreadGroup(function, ThreadEmitter.Emit(function, layout), layout, shape, options.WarpSize);
        return new VectorCode(group.Run, layout.Bytes, IsVectorized: false);
    }

    private VectorCode RunChecked(GroupShape shape, CheckedMode mode)
    {
        var function = prepared.Clone();
        function.Renumber();
        Pipeline.SpecializeForChecks(function, shape, options.Contraction);
        var layout = new ThreadLayout(function, shape.Size, isChecked: true);
        var checks = new ThreadChecks(mode, kernelName, function, layout, shape, options.WarpSize);
        var group = new ThreadGroup(function, ThreadEmitter.Emit(function, layout, checks), layout, shape, options.WarpSize, checks);
        return new VectorCode(group.Run, layout.Bytes, IsVectorized: false);
    }

    /// <summary>The function for one group shape after all passes, its loops, and how its threads lie in vectors.</summary>
    public (Function Function, LoopForest Forest, LaneModel Lanes) Optimize(GroupShape shape)
    {
        var function = prepared.Clone();
        function.Renumber();
        var lanes = new LaneModel(shape, options.VectorBits / 32, LaneModel.NeedsLockStep(function));
        var forest = Pipeline.Specialize(function, shape, options.Contraction, lanes.Lanes);
        return (function, forest, lanes);
    }
}
