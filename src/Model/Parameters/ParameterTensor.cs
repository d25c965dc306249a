namespace Engine.Model;

/// <summary>
/// One tensor of the Hugging Face layout and where its elements lie in the parameter arena. Matrices of linear layers are [out, in] in files
/// and [in, out] on the device; query, key and value are columns of one matrix there.
/// </summary>
public sealed class ParameterTensor
{
    /// <summary>Describes a tensor.</summary>
    /// <param name="name">Its name in files, without a model's prefix.</param>
    /// <param name="shape">Its dimensions in files.</param>
    /// <param name="block">The block of the arena that holds it, perhaps with others.</param>
    /// <param name="start">Where it begins within the block.</param>
    /// <param name="rowStride">For a transposed tensor: elements from one of the block's rows to the next; 0: elements lie as in files.</param>
    internal ParameterTensor(string name, IReadOnlyList<int> shape, ParameterBlock block, int start = 0, int rowStride = 0)
    {
        Name = name;
        Shape = shape;
        Block = block;
        Start = start;
        RowStride = rowStride;
    }

    /// <summary>Its name in files, without a model's prefix: <c>encoder.layer.0.output.dense.weight</c>.</summary>
    public string Name { get; }

    /// <summary>Its dimensions in files.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Whether weight decay applies.</summary>
    public bool Decays => Block.Decays;

    /// <summary>Whether training changes it.</summary>
    public bool Trained => Block.Trained;

    /// <summary>The number of elements.</summary>
    public int Count => Shape.Aggregate(1, (product, dimension) => checked(product * dimension));

    /// <summary>Whether it belongs to the classification head.</summary>
    public bool IsHead => Name.StartsWith("classifier.", StringComparison.Ordinal) || Name.StartsWith("engine.", StringComparison.Ordinal);

    /// <summary>Whether it belongs to a head of the pre-training tasks.</summary>
    public bool IsPretraining => Name.StartsWith("cls.", StringComparison.Ordinal);

    /// <summary>Whether it belongs to the pooler.</summary>
    public bool IsPooler => Name.StartsWith("pooler.", StringComparison.Ordinal);

    /// <summary>The block of the arena that holds it, perhaps with others.</summary>
    internal ParameterBlock Block { get; }

    /// <summary>Where it begins within the block.</summary>
    internal int Start { get; }

    /// <summary>For a transposed tensor: elements from one of the block's rows to the next; 0: the elements lie as in files.</summary>
    internal int RowStride { get; }

    /// <summary>Copies the tensor's elements from their place in the block to the order of files.</summary>
    /// <param name="block">The whole block.</param>
    /// <param name="first">The first element wanted.</param>
    /// <param name="target">Receives consecutive elements.</param>
    internal void FromBlock(ReadOnlySpan<float> block, int first, Span<float> target)
    {
        if (RowStride == 0)
        {
            block.Slice(Start + first, target.Length).CopyTo(target);
            return;
        }

        int inputs = Shape[1];
        for (int i = 0; i < target.Length; i++)
        {
            int output = (first + i) / inputs;
            int input = first + i - output * inputs;
            target[i] = block[Start + input * RowStride + output];
        }
    }

    /// <summary>Copies the tensor's elements from the order of files to their place in the block.</summary>
    /// <param name="source">All of the tensor's elements.</param>
    /// <param name="block">The whole block.</param>
    internal void ToBlock(ReadOnlySpan<float> source, Span<float> block)
    {
        if (RowStride == 0)
        {
            source.CopyTo(block[Start..]);
            return;
        }

        int inputs = Shape[1];
        for (int output = 0; output < Shape[0]; output++)
        {
            var row = source.Slice(output * inputs, inputs);
            for (int input = 0; input < inputs; input++)
                block[Start + input * RowStride + output] = row[input];
        }
    }
}
