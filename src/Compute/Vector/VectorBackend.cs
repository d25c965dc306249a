using Engine.Compute.Vector.Import;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.IL;
using ILGPU.Backends.PointerViews;
using ILGPU.IR;
using ILGPU.IR.Transformations;
using ILGPU.Runtime;

namespace Engine.Compute.Vector;

/// <summary>Type of the handlers that ILGPU's intrinsic registry would call for this back end; there are none, so nothing has this type.</summary>
internal delegate void VectorIntrinsic();

/// <summary>
/// The back end: runs ILGPU's front end and the passes that leave the least to import, then hands the IR to the compiler.
/// </summary>
internal sealed class VectorBackend : Backend<VectorIntrinsic>
{
    private readonly IVectorCompiler compiler;

    /// <summary>Makes the back end.</summary>
    /// <param name="context">The ILGPU context.</param>
    /// <param name="device">The device that it compiles for.</param>
    /// <param name="compiler">The compiler.</param>
    /// <param name="options">What the compiler is asked to produce.</param>
    public VectorBackend(Context context, VectorDevice device, IVectorCompiler compiler, VectorCompilerOptions options)
        : base(context, device.Capabilities, BackendType.IL, new ILArgumentMapper(context))
    {
        this.compiler = compiler;
        Options = options;

        // The context's table of intrinsics is not made for accelerators that open at the same time.
        lock (context.GetIntrinsicManager())
        {
            AlgorithmIntrinsics.Register(context);
            InitIntrinsicProvider();
        }

        InitializeKernelTransformers(builder =>
        {
            var specializer = new KernelSpecializer(device.WarpSize, PointerType, context.Properties);
            var passes = Transformer.CreateBuilder(TransformerConfiguration.Empty);
            passes.Add(new InlineEveryCall());
            passes.Add(new LowerArrays(MemoryAddressSpace.Local));
            passes.Add(new LowerPointerViews());
            passes.Add(specializer);
            passes.Add(new Inliner());
            passes.Add(new UnreachableCodeElimination());
            passes.Add(new DeadCodeElimination());
            passes.Add(new InferKernelAddressSpaces(MemoryAddressSpace.Global));
            passes.Add(new LowerStructures());
            passes.Add(new UnreachableCodeElimination());
            passes.Add(new DeadCodeElimination());

            // Left out: SSAStructureConstruction turns constant-indexed local arrays into structure-typed phis, LoopUnrolling
            // loses values, CodePlacement sinks invariants into inner loops. Our passes do these jobs.
            passes.Add(new InferLocalAddressSpaces());
            passes.Add(new CleanupBlocks());
            passes.Add(new SimplifyControlFlow());
            builder.Add(passes.ToTransformer());
        });
    }

    /// <summary>Gets the width of vectors and the arithmetic.</summary>
    public VectorCompilerOptions Options { get; }

    /// <summary>Gets or sets where the IR of kernels is written as they are compiled; null for nowhere.</summary>
    public TextWriter? SourceListing { get; set; }

    /// <inheritdoc/>
    public override CompiledKernel Compile<TBackendHook>(in EntryPointDescription entry, in KernelSpecialization specialization, TBackendHook backendHook)
    {
        try
        {
            return base.Compile(entry, specialization, backendHook);
        }
        catch
        {
            // A method that ILGPU's front end gave up on, for any accelerator, stays in the context half-built, and every later compilation stumbles over it
            // in one way or another.
            ForgetMethods();
        }

        try
        {
            return base.Compile(entry, specialization, backendHook);
        }
        catch
        {
            ForgetMethods();
            throw;
        }

        void ForgetMethods()
        {
            using var phase = Context.BeginCodeGeneration();
            phase.IRContext.ClearCache(ClearCacheMode.Everything);
        }
    }

    /// <inheritdoc/>
    protected override CompiledKernel Compile(EntryPoint entryPoint, in BackendContext backendContext, in KernelSpecialization specialization)
    {
        var methods = new List<Method> { backendContext.KernelMethod };
        foreach (var (method, _) in backendContext)
        {
            methods.Add(method);
        }

        if (SourceListing is not null)
        {
            foreach (var method in methods.Distinct())
            {
                method.Dump(SourceListing);
            }
        }

        var shared = backendContext.SharedMemorySpecification;
        var source = new KernelSource(backendContext.KernelMethod, methods, shared.StaticSize, shared.HasDynamicMemory, Context.Properties.EnableAssertions);
        var layout = KernelParameterLayout.Of(entryPoint, backendContext.KernelMethod);
        var name = KernelNames.Of(entryPoint);
        if (entryPoint.HasByRefParameters)
        {
            throw new InternalCompilerException($"kernel {name} cannot run on the vector CPU: it has parameters that are passed by reference; pass views or values");
        }

        try
        {
            // Parameters that cannot be passed are reported when a launcher is made, as ILGPU's accelerators do.
            var copies = ParameterCheck.FindRefused(entryPoint) is null
                ? ArgumentCopy.Plan(entryPoint, backendContext.KernelMethod, ArgumentMapper.TypeContext, layout)
                : [];
            var program = compiler.Import(entryPoint, source, layout, Options);
            return new VectorCompiledKernel(Context, entryPoint, backendContext.KernelInfo, name, program, layout, copies);
        }
        catch (UnsupportedKernelException exception)
        {
            // ILGPU rethrows its own exception as it is and wraps every other in one that says nothing.
            throw new InternalCompilerException(exception.Message, exception);
        }
        catch (NotSupportedException exception)
        {
            throw new InternalCompilerException($"kernel {name} cannot run on the vector CPU: {exception.Message}", exception);
        }
    }
}
