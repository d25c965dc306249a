using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Backends.EntryPoints;
using ILGPU.IR;
using ILGPU.IR.Types;
using ILGPU.Util;

namespace Engine.Compute.Vector;

/// <summary>One value that a launch copies from a managed argument into the argument block: a primitive, or a view as pointer and length.</summary>
/// <param name="Argument">Index of the managed argument.</param>
/// <param name="Path">The fields that lead from the argument to the value; empty for the argument itself.</param>
/// <param name="Type">Managed type of the value.</param>
/// <param name="ViewElement">Element type if the value is a view, else null.</param>
/// <param name="Offset">Where it goes in the argument block, in bytes.</param>
internal sealed record ArgumentCopy(int Argument, ImmutableArray<FieldInfo> Path, Type Type, Type? ViewElement, int Offset)
{
    /// <summary>
    /// Plans the copies of a kernel by walking its managed parameter types beside their ILGPU types, whose flattened fields come in
    /// the same order.
    /// </summary>
    /// <param name="entryPoint">The entry point.</param>
    /// <param name="method">The kernel's IR.</param>
    /// <param name="managedTypes">ILGPU's information on managed types: the order of their fields.</param>
    /// <param name="layout">The layout of the argument block.</param>
    /// <returns>The copies; specialized parameters, constants in the IR already, have none.</returns>
    /// <exception cref="NotSupportedException">A parameter has a field that cannot be copied.</exception>
    public static ImmutableArray<ArgumentCopy> Plan(EntryPoint entryPoint, Method method, TypeInformationManager managedTypes, KernelParameterLayout layout)
    {
        var copies = ImmutableArray.CreateBuilder<ArgumentCopy>();
        for (var i = 0; i < entryPoint.Parameters.Count; i++)
        {
            var type = entryPoint.Parameters[i];
            if (type.IsSpecializedType(out _))
            {
                continue;
            }

            var parameter = i + layout.IndexParameters;
            var fields = new FieldCursor(method.Parameters[parameter].ParameterType);
            Walk(i, type, [], layout.OffsetOf(parameter), managedTypes, fields, copies);
        }

        return copies.ToImmutable();
    }

    private static void Walk(
        int argument, Type type, ImmutableArray<FieldInfo> path, int origin, TypeInformationManager managedTypes, FieldCursor fields, ImmutableArray<ArgumentCopy>.Builder copies)
    {
        if (type.IsArrayViewType(out var element))
        {
            var pointer = origin + fields.Next();
            if (origin + fields.Next() != pointer + 8)
            {
                throw new NotSupportedException($"the length of view parameter {argument} does not follow its pointer");
            }

            copies.Add(new ArgumentCopy(argument, path, type, element, pointer));
        }
        else if (type.GetBasicValueType() != ILGPU.BasicValueType.None || type.IsEnum || type.IsPointer)
        {
            copies.Add(new ArgumentCopy(argument, path, type, null, origin + fields.Next()));
        }
        else if (type.IsValueType)
        {
            // The order of ILGPU's own type information, which its IR types follow.
            var managedFields = managedTypes.GetTypeInfo(type).Fields;
            if (managedFields.IsEmpty)
            {
                // An empty structure takes a byte that nobody reads.
                fields.Next();
            }

            foreach (var field in managedFields)
            {
                if (field.IsDefined(typeof(FixedBufferAttribute), false))
                {
                    // Its elements are one field and padding to ILGPU, and lie side by side on both sides.
                    copies.Add(new ArgumentCopy(argument, path.Add(field), field.FieldType, null, origin + fields.Next()));
                    continue;
                }

                Walk(argument, field.FieldType, path.Add(field), origin, managedTypes, fields, copies);
            }
        }
        else
        {
            throw new NotSupportedException($"parameter {argument} holds a value of type {type}; kernels take primitives, structures and views");
        }
    }

    /// <summary>Steps through the flattened fields of an ILGPU type, padding left out.</summary>
    private sealed class FieldCursor(TypeNode type)
    {
        private int next;

        /// <summary>Returns the offset of the next field in bytes.</summary>
        public int Next()
        {
            if (type is not StructureType structure)
            {
                next++;
                return 0;
            }

            while (structure.Fields[next].IsPaddingType)
            {
                next++;
            }

            return structure.GetOffset(next++);
        }
    }
}
