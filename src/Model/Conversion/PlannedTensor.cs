using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion;

/// <summary>A tensor to be written and where its values come from.</summary>
/// <param name="Name">Its name in the written file.</param>
/// <param name="Shape">Its dimensions there.</param>
/// <param name="From">The source's tensor.</param>
/// <param name="IsTransposed">Whether the source has it as [in, out]; the result is [out, in].</param>
internal sealed record PlannedTensor(string Name, IReadOnlyList<int> Shape, SourceVariable From, bool IsTransposed)
{
    /// <summary>What happens to the values, for the record.</summary>
    public string Change
    {
        get
        {
            bool isReshaped = From.Entry.Shape.Count != Shape.Count;
            return (isReshaped, IsTransposed) switch
            {
                (true, true) => "reshaped and transposed",
                (true, false) => "reshaped",
                (false, true) => "transposed",
                _ => "copied",
            };
        }
    }

    /// <summary>Plans a tensor, its type and shape checked.</summary>
    /// <param name="path">The source, for messages.</param>
    /// <param name="name">Its name in the written file.</param>
    /// <param name="shape">Its dimensions there.</param>
    /// <param name="from">The source's tensor.</param>
    /// <param name="isTransposed">Whether the source has it as [in, out].</param>
    /// <exception cref="ModelException">The source's tensor has another type or shape.</exception>
    public static PlannedTensor Make(string path, string name, IReadOnlyList<int> shape, SourceVariable from, bool isTransposed)
    {
        var entry = from.Entry;
        if (TensorElements.Width(entry.Type) is null)
            throw new ModelException($"{path}: tensor \"{from.Key}\" has type {entry.TypeName}, expected 32-bit or 16-bit floats for {name}");
        if (!Fits(entry.Shape, shape, isTransposed))
        {
            throw new ModelException(
                $"{path}: tensor \"{from.Key}\" has shape {entry.ShapeText}, expected the elements of {TensorEntry.Describe(shape)} for {name}");
        }

        return new PlannedTensor(name, shape, from, isTransposed);
    }

    /// <summary>
    /// Heads may have a dimension of their own in a source ([hidden, heads, size] for [hidden, hidden]); the elements lie in the same order then.
    /// </summary>
    private static bool Fits(IReadOnlyList<int> from, IReadOnlyList<int> to, bool isTransposed)
    {
        if (from.Aggregate(1L, (product, size) => product * size) != to.Aggregate(1L, (product, size) => product * size))
            return false;
        if (!isTransposed)
            return to.Count == 1 || from.SequenceEqual(to);
        long inputs = 1;
        for (int i = 0; i < from.Count && inputs < to[1]; i++)
            inputs *= from[i];
        return inputs == to[1];
    }
}
