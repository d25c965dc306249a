using System.Reflection;

namespace Engine.Kernels;

/// <summary>One kernel of this assembly.</summary>
/// <param name="Name">Class and method, and the type arguments in angle brackets: <c>LayerNorm.ForwardKernel</c>.</param>
/// <param name="Method">The entry point, with its type arguments filled in.</param>
public sealed record KernelEntry(string Name, MethodInfo Method);

/// <summary>Lists the kernels of this assembly: all methods that carry <see cref="KernelAttribute"/>.</summary>
public static class KernelCatalog
{
    private static readonly Lazy<IReadOnlyList<KernelEntry>> Entries = new(Collect);

    /// <summary>All kernels, ordered by name.</summary>
    public static IReadOnlyList<KernelEntry> All => Entries.Value;

    /// <summary>Finds the kernels whose name contains a text, without regard to case.</summary>
    /// <param name="name">A name, or a part of one.</param>
    /// <returns>The kernels found, ordered by name; possibly none.</returns>
    public static IReadOnlyList<KernelEntry> Find(string name) =>
        [.. All.Where(entry => entry.Name.Contains(name, StringComparison.OrdinalIgnoreCase))];

    private static List<KernelEntry> Collect()
    {
        const BindingFlags Flags =
            BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var entries = new List<KernelEntry>();
        foreach (var type in typeof(KernelCatalog).Assembly.GetTypes())
        {
            foreach (var method in type.GetMethods(Flags))
            {
                foreach (var attribute in method.GetCustomAttributes<KernelAttribute>(inherit: false))
                {
                    entries.Add(Close(method, attribute));
                }
            }
        }

        entries.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return entries;
    }

    private static KernelEntry Close(MethodInfo method, KernelAttribute attribute)
    {
        var name = $"{method.DeclaringType!.Name}.{method.Name}";
        if (attribute.TypeArguments.Count == 0)
        {
            return new KernelEntry(name, method);
        }

        var arguments = string.Join(",", attribute.TypeArguments.Select(type => type.Name));
        return new KernelEntry($"{name}<{arguments}>", method.MakeGenericMethod([.. attribute.TypeArguments]));
    }
}
