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
        [nameof(MathF.ReciprocalEstimate)] = MathFunction.ReciprocalEstimate,
        [nameof(MathF.ReciprocalSqrtEstimate)] = MathFunction.ReciprocalSquareRootEstimate,
        [nameof(MathF.IEEERemainder)] = MathFunction.IeeeRemainder,
        [nameof(XMath.RoundToEven)] = MathFunction.RoundToEven,
        [nameof(XMath.RoundAwayFromZero)] = MathFunction.RoundAwayFromZero,
    };

    /// <summary>The function that a method without a body is, or null where it is none that is known.</summary>
    public static MathFunction? Find(ILGPU.IR.Method method) =>
        IsOfLibrary(method) && Functions.TryGetValue(method.Source.Name, out var function) ? function : null;

    /// <summary>Whether a method without a body is a multiplication and an addition with one rounding.</summary>
    public static bool IsFusedMultiplyAdd(ILGPU.IR.Method method) => IsOfLibrary(method) && method.Source.Name == nameof(MathF.FusedMultiplyAdd);

    private static bool IsOfLibrary(ILGPU.IR.Method method) =>
        method.HasSource && method.Source.DeclaringType is { } type && (type == typeof(Math) || type == typeof(MathF) || type == typeof(XMath));
}
