using System.Globalization;

namespace Engine.Compute;

/// <summary>The kinds of device that can be named.</summary>
public enum DeviceKind
{
    /// <summary>The best device that can be used: CUDA, else the vector CPU.</summary>
    Auto,

    /// <summary>The processor's vector units.</summary>
    Cpu,

    /// <summary>An NVIDIA card.</summary>
    Cuda,

    /// <summary>An OpenCL device.</summary>
    OpenCL,

    /// <summary>ILGPU's own CPU accelerator, which runs a kernel's .NET method once per thread: for tests and debugging.</summary>
    IlgpuCpu,
}

/// <summary>A device as a user names it: <c>auto</c>, <c>cpu</c>, <c>cuda[:n]</c>, <c>opencl[:n]</c> or <c>ilgpu-cpu</c>.</summary>
/// <param name="Kind">The kind of device.</param>
/// <param name="Index">Which of several devices of that kind, from 0.</param>
internal readonly record struct DeviceSelector(DeviceKind Kind, int Index)
{
    private const string Expected = "expected auto, cpu, cuda, cuda:N, opencl, opencl:N or ilgpu-cpu";

    /// <summary>Reads a selector.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The selector.</returns>
    /// <exception cref="ComputeException">The text names no device.</exception>
    public static DeviceSelector Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var kind = (colon < 0 ? text : text[..colon]).Trim() switch
        {
            "auto" => DeviceKind.Auto,
            "cpu" => DeviceKind.Cpu,
            "cuda" => DeviceKind.Cuda,
            "opencl" => DeviceKind.OpenCL,
            "ilgpu-cpu" => DeviceKind.IlgpuCpu,
            _ => throw new ComputeException($"device '{text}' is unknown: {Expected}"),
        };
        if (colon < 0)
        {
            return new DeviceSelector(kind, 0);
        }

        if (kind is not (DeviceKind.Cuda or DeviceKind.OpenCL))
        {
            throw new ComputeException($"device '{text}' is unknown: only cuda and opencl devices are numbered; {Expected}");
        }

        return int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? new DeviceSelector(kind, index)
            : throw new ComputeException($"device '{text}' is unknown: '{text[(colon + 1)..]}' is no device number; {Expected}");
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        DeviceKind.Auto => "auto",
        DeviceKind.Cpu => "cpu",
        DeviceKind.Cuda => $"cuda:{Index}",
        DeviceKind.OpenCL => $"opencl:{Index}",
        _ => "ilgpu-cpu",
    };
}
