using Engine.Compute.Vector.IR;
using ILGPU.Algorithms;

namespace Engine.Compute.Vector.Import;

/// <summary>
/// Functions of the .NET library and of ILGPU.Algorithms that ILGPU leaves as calls without a body, because its own CPU accelerator runs the .NET method.
/// </summary>
internal static class LibraryFunctions
{
    private static readonly Dictionary<string, MathFunction> Functions = new()
    {
        [nameof(MathF.Acosh)] = MathFunction.Acosh,
        [nameof(MathF.Asinh)] = MathFunction.Asinh,
        [nameof(MathF.Atanh)] = MathFunction.Atanh,
        [nameof(MathF.Cbrt)] = MathFunction.Cbrt,
        [nameof(MathF.Log2)] = MathFunction.Log2,
        [nameof(MathF.IEEERemainder)] = MathFunction.IeeeRemainder,
        [nameof(XMath.RoundToEven)] = MathFunction.RoundToEven,
        [nameof(XMath.RoundAwayFromZero)] = MathFunction.RoundAwayFromZero,
    };

    /// <summary>The function that a method without a body is, or null where it is none that is known.</summary>
    public static MathFunction? Find(ILGPU.IR.Method method)
    {
        if (!method.HasSource) return null;
        var type = method.Source.DeclaringType;
        if (type != typeof(Math) && type != typeof(MathF) && type != typeof(XMath)) return null;
        return Functions.TryGetValue(method.Source.Name, out var function) ? function : null;
    }
}
