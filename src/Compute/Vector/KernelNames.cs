using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Vector;

/// <summary>How kernels are called in messages and profiles.</summary>
internal static class KernelNames
{
    /// <summary>Class and method, and the type arguments in angle brackets.</summary>
    public static string Of(EntryPoint entryPoint)
    {
        var method = entryPoint.MethodInfo;
        var arguments = method.IsGenericMethod ? $"<{string.Join(',', method.GetGenericArguments().Select(type => type.Name))}>" : "";
        return $"{method.DeclaringType?.Name}.{method.Name}{arguments}";
    }
}
