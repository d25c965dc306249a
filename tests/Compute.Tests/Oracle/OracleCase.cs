using System.Reflection;
using ILGPU;

namespace Engine.Compute.Tests.Oracle;

/// <summary>A launch with which a kernel is compared with the oracle.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class OracleCaseAttribute : Attribute
{
    public int Groups { get; set; } = 1;

    public int GridY { get; set; } = 1;

    public int GridZ { get; set; } = 1;

    public int GroupX { get; set; } = 1;

    public int GroupY { get; set; } = 1;

    public int GroupZ { get; set; } = 1;

    /// <summary>The kernel's argument n.</summary>
    public int N { get; set; } = 100;

    /// <summary>Whether the oracle's warps must be as wide as the vectors: the kernel exchanges values inside of warps.</summary>
    public bool WarpGroup { get; set; }

    /// <summary>Elements of dynamic shared memory, 4 bytes each.</summary>
    public int DynamicShared { get; set; }

    public int GroupSize => GroupX * GroupY * GroupZ;

    public KernelConfig Config => DynamicShared == 0
        ? new(new Index3D(Groups, GridY, GridZ), new Index3D(GroupX, GroupY, GroupZ))
        : new(new Index3D(Groups, GridY, GridZ), new Index3D(GroupX, GroupY, GroupZ), SharedMemoryConfig.RequestDynamic<float>(DynamicShared));

    /// <summary>Lists the cases of a class of kernels: method, number of its case.</summary>
    /// <param name="kernels">The class.</param>
    /// <returns>Rows of theory data.</returns>
    public static IEnumerable<(string Name, int Case)> Of(Type kernels) =>
        from method in kernels.GetMethods(BindingFlags.Public | BindingFlags.Static)
        let count = method.GetCustomAttributes<OracleCaseAttribute>().Count()
        from number in Enumerable.Range(0, count)
        select (method.Name, number);
}
