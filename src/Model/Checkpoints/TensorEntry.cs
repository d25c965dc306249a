namespace Engine.Model.Checkpoints;

/// <summary>One tensor of a checkpoint.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Its element type.</param>
/// <param name="TypeName">The element type as the file spells it.</param>
/// <param name="Shape">Its dimensions, row-major; empty for a scalar.</param>
/// <param name="Offset">Its first byte, counted from the start of the file that holds it.</param>
/// <param name="ByteCount">Its length in bytes.</param>
public sealed record TensorEntry(string Name, TensorType Type, string TypeName, IReadOnlyList<int> Shape, long Offset, long ByteCount)
{
    /// <summary>The number of elements: the product of the dimensions.</summary>
    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>The shape as text: <c>[384, 1536]</c>.</summary>
    public string ShapeText => Describe(Shape);

    /// <summary>A shape as text: <c>[384, 1536]</c>.</summary>
    /// <param name="shape">The dimensions.</param>
    public static string Describe(IEnumerable<int> shape) => $"[{string.Join(", ", shape)}]";
}
