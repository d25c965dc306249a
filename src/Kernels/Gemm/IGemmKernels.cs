using ILGPU;

namespace Engine.Kernels;

/// <summary>One shape of the matrix product, loaded on a device. Result [rows, columns] = left [rows, depth] x right [depth, columns]; all sizes positive.</summary>
internal interface IGemmKernels
{
    /// <summary>result = left right + bias.</summary>
    void Forward(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        GemmSizes sizes,
        bool hasBias);

    /// <summary>result = left right + bias, the right operand stored as [columns, depth].</summary>
    void ForwardTransposed(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        GemmSizes sizes,
        bool hasBias);

    /// <summary>preactivation = left right + bias, result = gelu(preactivation).</summary>
    void ForwardGelu(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> preactivation,
        ArrayView<float> result,
        GemmSizes sizes,
        bool hasBias,
        GeluForm form);

    /// <summary>result (+)= left right, the right operand stored as [columns, depth].</summary>
    void RightTransposed(ArrayView<float> left, ArrayView<float> right, ArrayView<float> result, GemmSizes sizes, bool accumulate);

    /// <summary>result (+)= left right, the left operand stored as [depth, rows].</summary>
    void LeftTransposed(ArrayView<float> left, ArrayView<float> right, ArrayView<float> result, GemmSizes sizes, bool accumulate);
}

/// <summary>Sizes of a matrix product.</summary>
/// <param name="Rows">Rows of the left operand and of the result.</param>
/// <param name="Columns">Columns of the right operand and of the result.</param>
/// <param name="Depth">Length of the reduction.</param>
internal readonly record struct GemmSizes(int Rows, int Columns, int Depth);
