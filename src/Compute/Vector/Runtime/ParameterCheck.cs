using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Util;

namespace Engine.Compute.Vector;

/// <summary>
/// Which types a kernel's parameters may have: what lies in memory the same way in .NET and on every device. Truth values, characters and references do not,
/// and ILGPU's own accelerators refuse them too.
/// </summary>
internal static class ParameterCheck
{
    /// <summary>Finds a parameter that cannot be passed.</summary>
    /// <param name="entryPoint">The kernel.</param>
    /// <returns>What is wrong with which parameter, or null.</returns>
    public static string? FindRefused(EntryPoint entryPoint)
    {
        for (var i = 0; i < entryPoint.Parameters.Count; i++)
        {
            if (FindRefused(entryPoint.Parameters[i]) is { } refused)
            {
                return $"parameter {i} of type {entryPoint.Parameters[i]} cannot be passed because {refused} has no fixed form in memory; use an integer for a truth value or a character, a view for an array";
            }
        }

        return null;
    }

    /// <summary>Refuses a kernel with a parameter that cannot be passed.</summary>
    /// <param name="entryPoint">The kernel.</param>
    /// <param name="name">Its name, for the message.</param>
    /// <exception cref="ArgumentException">A parameter has such a type, or a field or an element of it has.</exception>
    public static void Require(EntryPoint entryPoint, string name)
    {
        if (FindRefused(entryPoint) is { } problem)
        {
            // The cause is of the type that ILGPU's accelerators report.
            throw new ArgumentException($"kernel {name}: {problem}", new NotSupportedException(problem));
        }
    }

    private static Type? FindRefused(Type type)
    {
        if (type == typeof(bool) || type == typeof(char) || type.IsByRef || !type.IsValueType && !type.IsPointer)
        {
            return type;
        }

        if (type.IsArrayViewType(out var element) || type.IsSpecializedType(out element))
        {
            return FindRefused(element);
        }

        if (type.IsPrimitive || type.IsEnum || type.IsPointer || type.GetBasicValueType() != BasicValueType.None)
        {
            return null;
        }

        return type.GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic)
            .Select(field => FindRefused(field.FieldType)).FirstOrDefault(refused => refused is not null);
    }
}
