using Engine.Compute.Vector.IR;
using ILGPU;
using ILGPU.IR.Types;

namespace Engine.Compute.Vector.Import;

/// <summary>ILGPU's types as lists of scalars: a structure is its leaves, a view a pointer and a length.</summary>
internal static class TypeLowering
{
    /// <summary>The scalar type of an ILGPU basic type; a half is its 16 bits (<see cref="HalfPrecision"/>).</summary>
    /// <exception cref="NotSupportedException">It is none that values have.</exception>
    public static ScalarType Scalar(BasicValueType type) => type switch
    {
        BasicValueType.Int1 => ScalarType.Bool,
        BasicValueType.Int8 => ScalarType.I8,
        BasicValueType.Int16 or BasicValueType.Float16 => ScalarType.I16,
        BasicValueType.Int32 => ScalarType.I32,
        BasicValueType.Int64 => ScalarType.I64,
        BasicValueType.Float32 => ScalarType.F32,
        BasicValueType.Float64 => ScalarType.F64,
        _ => throw new NotSupportedException($"values of type {type}"),
    };

    /// <summary>The leaves of a type with their byte offsets.</summary>
    /// <exception cref="NotSupportedException">A leaf is of a type that vectors do not hold.</exception>
    public static List<(ScalarType Type, int Offset)> Leaves(TypeNode type)
    {
        switch (type)
        {
            case PointerType:
                return [(ScalarType.I64, 0)];
            case PrimitiveType primitive:
                return [(Scalar(primitive.BasicValueType), 0)];
            case PaddingType padding:
                return [(Scalar(padding.PrimitiveType.BasicValueType), 0)];
            case StructureType structure:
                var leaves = new List<(ScalarType, int)>();
                for (int index = 0; index < structure.NumFields; index++)
                {
                    var leaf = Leaves(structure.Fields[index]);
                    int offset = structure.GetOffset(new ILGPU.IR.Values.FieldAccess(index));
                    leaves.AddRange(leaf.Select(entry => (entry.Type, entry.Offset + offset)));
                }
                return leaves;
            case VoidType:
                return [];
            default:
                throw new NotSupportedException($"values of type {type}");
        }
    }
}
