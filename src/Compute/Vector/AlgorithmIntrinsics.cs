using System.Reflection;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;

namespace Engine.Compute.Vector;

/// <summary>
/// Reductions and scans of groups and warps. ILGPU.Algorithms has a generic body for each, which ILGPU's CPU accelerator runs, but binds it to that
/// accelerator's own back end; here the same bodies are bound to the vector back end, so that results are the same.
/// </summary>
internal sealed class AlgorithmIntrinsics : IntrinsicImplementation
{
    private AlgorithmIntrinsics(MethodInfo body)
        : base(BackendType.IL, body, IntrinsicImplementationMode.Redirect)
    {
    }

    /// <summary>Registers all of them with a context.</summary>
    /// <param name="context">The context, in which vector accelerators may have been opened before.</param>
    public static void Register(Context context)
    {
        var manager = context.GetIntrinsicManager();
        Register(manager, typeof(GroupExtensions), "ILGPU.Algorithms.IL.ILGroupExtensions");
        Register(manager, typeof(WarpExtensions), "ILGPU.Algorithms.IL.ILWarpExtensions");
    }

    /// <inheritdoc/>
    protected override bool CanHandleBackend(Backend backend) => backend is VectorBackend;

    private static void Register(IntrinsicImplementationManager manager, Type declared, string implementation)
    {
        // The bodies are internal to ILGPU.Algorithms; a version without them leaves the intrinsics unknown, which is reported where one is used.
        if (declared.Assembly.GetType(implementation) is not { } bodies) return;
        foreach (var body in bodies.GetMethods(BindingFlags.Public | BindingFlags.Static))
        {
            if (declared.GetMethod(body.Name) is { } method) manager.RegisterMethod(method, new AlgorithmIntrinsics(body));
        }
    }
}
