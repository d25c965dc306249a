using System.Reflection.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Constants, loads and stores of scalars as IL.</summary>
internal static class ScalarInstructions
{
    /// <summary>Pushes a constant.</summary>
    public static void PushConstant(this InstructionWriter il, Value constant)
    {
        switch (constant.Type)
        {
            case ScalarType.F32:
                il.Emit(OpCodes.Ldc_R4, BitConverter.Int32BitsToSingle((int)constant.Immediate));
                break;
            case ScalarType.F64:
                il.Emit(OpCodes.Ldc_R8, BitConverter.Int64BitsToDouble(constant.Immediate));
                break;
            case ScalarType.I64:
                il.Emit(OpCodes.Ldc_I8, constant.Immediate);
                break;
            default:
                il.Emit(OpCodes.Ldc_I4, (int)constant.Immediate);
                break;
        }
    }

    /// <summary>Replaces the address on the stack by the scalar that is there; truth values are a byte.</summary>
    public static void LoadIndirect(this InstructionWriter il, ScalarType type)
    {
        switch (type)
        {
            case ScalarType.Bool:
                il.Emit(OpCodes.Ldind_U1);
                il.Emit(OpCodes.Ldc_I4_0);
                il.Emit(OpCodes.Cgt_Un);
                break;
            case ScalarType.I8: il.Emit(OpCodes.Ldind_I1); break;
            case ScalarType.I16: il.Emit(OpCodes.Ldind_I2); break;
            case ScalarType.I32: il.Emit(OpCodes.Ldind_I4); break;
            case ScalarType.I64: il.Emit(OpCodes.Ldind_I8); break;
            case ScalarType.F32: il.Emit(OpCodes.Ldind_R4); break;
            default: il.Emit(OpCodes.Ldind_R8); break;
        }
    }

    /// <summary>Stores the scalar on the stack at the address below it; truth values are a byte.</summary>
    public static void StoreIndirect(this InstructionWriter il, ScalarType type) => il.Emit(type switch
    {
        ScalarType.Bool or ScalarType.I8 => OpCodes.Stind_I1,
        ScalarType.I16 => OpCodes.Stind_I2,
        ScalarType.I32 => OpCodes.Stind_I4,
        ScalarType.I64 => OpCodes.Stind_I8,
        ScalarType.F32 => OpCodes.Stind_R4,
        _ => OpCodes.Stind_R8,
    });
}
