using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Engine.Compute;

/// <summary>Describes the devices of this machine.</summary>
internal static class DeviceList
{
    /// <summary>Describes the devices: the vector CPU, CUDA devices, OpenCL devices, ILGPU's CPU accelerator.</summary>
    /// <returns>The descriptions; a kind that cannot be used has one that says why.</returns>
    public static IReadOnlyList<DeviceDescription> Make()
    {
        var options = new ComputeDeviceOptions();
        var list = new List<DeviceDescription>
        {
            Describe(new DeviceSelector(DeviceKind.Cpu, 0), VectorDevices.Create(options)),
        };

        // CUDA first: under WSL, ILGPU wants to be the one that says how its libraries are found.
        Add(list, DeviceKind.Cuda, AcceleratorType.Cuda, DeviceContexts.Cuda(out var problem), problem);
        Add(list, DeviceKind.OpenCL, AcceleratorType.OpenCL, DeviceContexts.OpenCl(out problem), problem);
        list.Add(Describe(
            new DeviceSelector(DeviceKind.IlgpuCpu, 0), new CPUDevice(options.EmulatedWarpSize, options.EmulatedWarpsPerGroup, 1)));
        return list;
    }

    private static void Add(List<DeviceDescription> list, DeviceKind kind, AcceleratorType type, Context? context, string problem)
    {
        if (context is null)
        {
            list.Add(new DeviceDescription(kind == DeviceKind.Cuda ? "cuda" : "opencl", kind, "none", 0, 0, 0, 0, 0, problem));
            return;
        }

        using (context)
        {
            var index = 0;
            foreach (var device in context)
            {
                if (device.AcceleratorType == type)
                {
                    list.Add(Describe(new DeviceSelector(kind, index++), device));
                }
            }
        }
    }

    private static DeviceDescription Describe(DeviceSelector selector, Device device) => new(
        selector.ToString(),
        selector.Kind,
        selector.Kind == DeviceKind.IlgpuCpu ? "ILGPU's CPU accelerator (for debugging)" : device.Name,
        device.MemorySize,
        device.NumMultiprocessors,
        device.WarpSize,
        device.MaxNumThreadsPerGroup,
        device.MaxSharedMemoryPerGroup,
        null);
}
