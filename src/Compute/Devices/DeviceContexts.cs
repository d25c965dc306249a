using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Engine.Compute;

/// <summary>Makes ILGPU contexts, each with the devices of one kind: a kind that is not asked for is not looked for.</summary>
internal static class DeviceContexts
{
    /// <summary>Makes a context for accelerators on the processor.</summary>
    /// <param name="isChecked">Whether it is for checked mode, which needs assertions.</param>
    /// <returns>The context.</returns>
    public static Context Processor(bool isChecked = false) => Context.Create(builder =>
    {
        Common(builder.CPU());
        if (isChecked)
        {
            builder.Assertions();
        }
    });

    /// <summary>Whether this machine has an NVIDIA driver, and so may have a card.</summary>
    public static bool HasNvidiaDriver() =>
        NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda" : "libcuda.so.1", out _) || NativeLibrary.TryLoad("cuda", out _);

    /// <summary>Makes a context with the CUDA devices.</summary>
    /// <param name="problem">Why there is none, in one line.</param>
    /// <returns>The context, or null.</returns>
    public static Context? Cuda(out string problem)
    {
        // Asking ILGPU costs far more than asking the system whether there is a driver at all.
        if (!HasNvidiaDriver())
        {
            problem = "no NVIDIA driver is installed (libcuda was not found)";
            return null;
        }

        return Make(builder => builder.Cuda(), AcceleratorType.Cuda, "the NVIDIA driver offers no card that ILGPU can use", out problem);
    }

    /// <summary>Makes a context with the OpenCL devices.</summary>
    /// <param name="problem">Why there is none, in one line.</param>
    /// <returns>The context, or null.</returns>
    public static Context? OpenCl(out string problem)
    {
        IlgpuInternals.MapOpenClLibrary();
        if (!IlgpuInternals.FenceSharedMemoryAtBarriers())
        {
            problem = "barriers of this version of ILGPU cannot be made to fence shared memory; use ILGPU 1.5.3";
            return null;
        }

        return Make(
            builder => builder.OpenCL(device =>
            {
                IlgpuInternals.DeclareGenericAddressSpace(device);
                return true;
            }),
            AcceleratorType.OpenCL,
            "no OpenCL platform offers a device (is a driver installed?)",
            out problem);
    }

    /// <summary>
    /// What all contexts share. Level O2 infers the address spaces of pointers: without it generated OpenCL names generic ones, which
    /// not every driver has.
    /// </summary>
    private static void Common(Context.Builder builder) => builder.Optimize(OptimizationLevel.O2).EnableAlgorithms();

    private static Context? Make(Action<Context.Builder> addDevices, AcceleratorType type, string none, out string problem)
    {
        Context? context = null;
        try
        {
            context = Context.Create(builder =>
            {
                addDevices(builder);
                Common(builder);
            });
            foreach (var device in context)
            {
                if (device.AcceleratorType == type)
                {
                    problem = string.Empty;
                    return context;
                }
            }

            problem = none;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Drivers fail in every way; whatever they throw, the machine still has its processor.
            problem = $"{none}: {ComputeDevice.OneLine(exception)}";
        }

        context?.Dispose();
        return null;
    }
}
