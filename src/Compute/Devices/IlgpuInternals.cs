using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime.OpenCL;

namespace Engine.Compute;

/// <summary>Everything that reaches into ILGPU past its public members, each spot with its reason.</summary>
internal static class IlgpuInternals
{
    private static readonly Lock Resolving = new();
    private static bool resolves;

    /// <summary>
    /// Makes ILGPU find the OpenCL loader. It imports <c>libOpenCL.so</c>, a name that only development packages install; a machine
    /// that merely runs OpenCL has <c>libOpenCL.so.1</c>. Done only where the first name is missing: an assembly takes one resolver.
    /// </summary>
    public static void MapOpenClLibrary()
    {
        lock (Resolving)
        {
            if (resolves || !OperatingSystem.IsLinux() || NativeLibrary.TryLoad("libOpenCL.so", out _))
            {
                return;
            }

            resolves = true;
            try
            {
                NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
            }
            catch (InvalidOperationException)
            {
                // Another part of the process, or ILGPU itself for CUDA under WSL, has set one: OpenCL stays as ILGPU finds it.
            }
        }

        static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
            name.Contains("OpenCL", StringComparison.OrdinalIgnoreCase) && NativeLibrary.TryLoad("libOpenCL.so.1", out var handle) ? handle : IntPtr.Zero;
    }

    /// <summary>
    /// Makes barriers on OpenCL fence shared memory too. ILGPU generates <c>work_group_barrier(CLK_GLOBAL_MEM_FENCE)</c>, which does
    /// not promise that other threads of the group see what was written to shared memory. Its back end is sealed and the word comes
    /// from a private table, which is changed here before any kernel is compiled.
    /// </summary>
    /// <returns>Whether the table was found.</returns>
    public static bool FenceSharedMemoryAtBarriers()
    {
        var table = typeof(CLInstructions).GetField("MemoryFenceFlags", BindingFlags.Static | BindingFlags.NonPublic)?.GetValue(null) as string[];
        if (table is not { Length: > 0 })
        {
            return false;
        }

        table[0] = "CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE";
        return true;
    }

    /// <summary>
    /// Declares that a device has generic address spaces, without which ILGPU refuses it. PoCL reports none, yet the code that
    /// ILGPU generates for our kernels uses named address spaces only. The capability's setter is not public.
    /// </summary>
    /// <param name="device">The device.</param>
    public static void DeclareGenericAddressSpace(CLDevice device)
    {
        var property = device.Capabilities.GetType().GetProperty("GenericAddressSpace", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        property?.GetSetMethod(nonPublic: true)?.Invoke(device.Capabilities, [true]);
    }

    /// <summary>
    /// Makes a context's front end keep the lines of the source that operations come from. It does where the context's mode of debug symbols says so, which the
    /// context's builder checks but has no method that sets. Without it, messages name methods.
    /// </summary>
    /// <param name="context">The context.</param>
    public static void KeepSourceLines(Context context)
    {
        const BindingFlags own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        var lines = typeof(Context).GetProperty("DebugInformationManager", own)?.GetValue(context);
        var frontend = typeof(Context).GetProperty("ILFrontend", own)?.GetValue(context);
        if (lines is null || frontend is null)
        {
            return;
        }

        foreach (var field in frontend.GetType().GetFields(own).Where(field => field.FieldType == lines.GetType()))
        {
            field.SetValue(frontend, lines);
        }
    }
}
