namespace Engine.Kernels;

/// <summary>
/// Marks a static method as the entry point of a kernel, so that <see cref="KernelCatalog"/> finds it: tests compile every
/// kernel for devices that are not present, and the command line shows a kernel's code by its name.
/// </summary>
/// <remarks>
/// A generic kernel carries one attribute for each set of type arguments that the project launches it with:
/// <code>
/// [Kernel(typeof(PanelTile16))]
/// [Kernel(typeof(PanelTile8))]
/// private static void Forward&lt;TTile&gt;(...) where TTile : struct, IPanelTile
/// </code>
/// All kernels are explicitly grouped: they take no index and read <c>Grid</c> and <c>Group</c>.
/// </remarks>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true, Inherited = false)]
public sealed class KernelAttribute : Attribute
{
    /// <summary>Marks a kernel.</summary>
    /// <param name="typeArguments">The method's type arguments, none where it is not generic.</param>
    public KernelAttribute(params Type[] typeArguments) => TypeArguments = typeArguments;

    /// <summary>The type arguments of a generic kernel method.</summary>
    public IReadOnlyList<Type> TypeArguments { get; }
}
