using ILGPU;
using ILGPU.Util;

namespace Engine.Kernels;

/// <summary>Four neighbouring numbers under names of their own: on GPUs nothing unrolls arrays into registers.</summary>
/// <param name="x">Number 0.</param>
/// <param name="y">Number 1.</param>
/// <param name="z">Number 2.</param>
/// <param name="w">Number 3.</param>
internal readonly struct Quad(float x, float y, float z, float w)
{
    /// <summary>Number 0.</summary>
    public readonly float X = x;

    /// <summary>Number 1.</summary>
    public readonly float Y = y;

    /// <summary>Number 2.</summary>
    public readonly float Z = z;

    /// <summary>Number 3.</summary>
    public readonly float W = w;

    /// <summary>Gets the sum.</summary>
    public float Sum => (X + Y) + (Z + W);

    /// <summary>Gets the largest.</summary>
    public float Max => DeviceMath.Max(DeviceMath.Max(X, Y), DeviceMath.Max(Z, W));

    /// <summary>Reads four numbers.</summary>
    public static Quad Load(ArrayView<float> source, int at, int step) =>
        new(source[at], source[at + step], source[at + step * 2], source[at + step * 3]);

    /// <summary>Writes four numbers.</summary>
    public void Store(ArrayView<float> target, int at, int step)
    {
        target[at] = X;
        target[at + step] = Y;
        target[at + step * 2] = Z;
        target[at + step * 3] = W;
    }

    /// <summary>This + factor x other.</summary>
    public Quad MultiplyAdd(float factor, Quad other) =>
        new(X + factor * other.X, Y + factor * other.Y, Z + factor * other.Z, W + factor * other.W);

    /// <summary>This x factor.</summary>
    public Quad Times(float factor) => new(X * factor, Y * factor, Z * factor, W * factor);

    /// <summary>This x other, number by number.</summary>
    public Quad Times(Quad other) => new(X * other.X, Y * other.Y, Z * other.Z, W * other.W);

    /// <summary>This - value.</summary>
    public Quad Minus(float value) => new(X - value, Y - value, Z - value, W - value);

    /// <summary>The exponential of each number, none of them above 0.</summary>
    public Quad ExpNonPositive() =>
        new(DeviceMath.ExpNonPositive(X), DeviceMath.ExpNonPositive(Y), DeviceMath.ExpNonPositive(Z), DeviceMath.ExpNonPositive(W));

    /// <summary>Replaces the numbers whose index (first, first + step, ...) is not below a count.</summary>
    public Quad Limit(int first, int step, int count, float replacement) => new(
        Utilities.Select(first < count, X, replacement),
        Utilities.Select(first + step < count, Y, replacement),
        Utilities.Select(first + step * 2 < count, Z, replacement),
        Utilities.Select(first + step * 3 < count, W, replacement));
}

/// <summary>Four rows of four numbers: the part of a tile that one thread computes.</summary>
/// <param name="row0">Row 0.</param>
/// <param name="row1">Row 1.</param>
/// <param name="row2">Row 2.</param>
/// <param name="row3">Row 3.</param>
internal readonly struct Quads(Quad row0, Quad row1, Quad row2, Quad row3)
{
    /// <summary>Row 0.</summary>
    public readonly Quad Row0 = row0;

    /// <summary>Row 1.</summary>
    public readonly Quad Row1 = row1;

    /// <summary>Row 2.</summary>
    public readonly Quad Row2 = row2;

    /// <summary>Row 3.</summary>
    public readonly Quad Row3 = row3;

    /// <summary>Reads four rows.</summary>
    public static Quads Load(ArrayView<float> source, int at, int row, int column) => new(
        Quad.Load(source, at, column),
        Quad.Load(source, at + row, column),
        Quad.Load(source, at + row * 2, column),
        Quad.Load(source, at + row * 3, column));

    /// <summary>Writes four rows.</summary>
    public void Store(ArrayView<float> target, int at, int row, int column)
    {
        Row0.Store(target, at, column);
        Row1.Store(target, at + row, column);
        Row2.Store(target, at + row * 2, column);
        Row3.Store(target, at + row * 3, column);
    }

    /// <summary>This + left x right, an outer product.</summary>
    public Quads MultiplyAdd(Quad left, Quad right) => new(
        Row0.MultiplyAdd(left.X, right), Row1.MultiplyAdd(left.Y, right), Row2.MultiplyAdd(left.Z, right), Row3.MultiplyAdd(left.W, right));

    /// <summary>Each row times a number of its own.</summary>
    public Quads TimesRows(Quad factors) =>
        new(Row0.Times(factors.X), Row1.Times(factors.Y), Row2.Times(factors.Z), Row3.Times(factors.W));
}
