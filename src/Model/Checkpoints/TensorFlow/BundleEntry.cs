namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>A tensor as the index describes it (BundleEntryProto).</summary>
/// <param name="Tensor">Name, type and shape; <see cref="TensorEntry.Offset"/> counts from the start of its shard.</param>
/// <param name="Shard">The number of its <c>.data</c> file.</param>
/// <param name="Checksum">The masked checksum of its bytes.</param>
/// <param name="IsSliced">Whether it is stored in parts, under other keys.</param>
internal sealed record BundleEntry(TensorEntry Tensor, int Shard, uint Checksum, bool IsSliced)
{
    private const int MaxRank = 254; // tensorflow/core/framework/tensor_shape.h

    /// <summary>Reads an entry and checks it against itself.</summary>
    /// <param name="path">The index, for messages.</param>
    /// <param name="name">The tensor's name.</param>
    /// <param name="bytes">The message.</param>
    /// <param name="shardCount">The number of the bundle's shards.</param>
    /// <exception cref="ModelException">It is damaged or contradicts itself.</exception>
    public static BundleEntry Read(string path, string name, byte[] bytes, int shardCount)
    {
        ModelException Wrong(string what) => new($"{path}: tensor \"{name}\" {what}; the index is damaged: get it again");
        var entry = ProtobufMessage.Parse(path, $"the entry of tensor \"{name}\"", bytes, message => Read(name, message, Wrong));
        var tensor = entry.Tensor;
        if (entry.IsSliced)
            return entry;
        if (entry.Shard < 0 || entry.Shard >= shardCount)
            throw Wrong($"lies in shard {entry.Shard}, expected one of {shardCount}");
        if (tensor.Offset < 0 || tensor.ByteCount < 0 || tensor.Offset > long.MaxValue - tensor.ByteCount)
            throw Wrong($"has {tensor.ByteCount} bytes at byte {tensor.Offset}, expected numbers from 0");
        return entry;
    }

    private static BundleEntry Read(string name, ProtobufMessage message, Func<string, ModelException> wrong)
    {
        long number = 0, shard = 0, offset = 0, size = 0;
        int[] shape = [];
        uint checksum = 0;
        bool isSliced = false;
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    number = message.Integer();
                    break;
                case 2:
                    shape = [.. Shape(message.Message()).Select(size => size is >= 0 and <= int.MaxValue
                        ? (int)size
                        : throw wrong($"has a dimension of {size}, expected 0 to {int.MaxValue}"))];
                    break;
                case 3:
                    shard = message.Integer();
                    break;
                case 4:
                    offset = message.Integer();
                    break;
                case 5:
                    size = message.Integer();
                    break;
                case 6:
                    checksum = message.Fixed32();
                    break;
                case 7:
                    isSliced = true;
                    break;
            }
        }

        var (typeName, type, width) = TensorFlowType.Of(number);
        if (shape.Length > MaxRank)
            throw wrong($"has {shape.Length} dimensions, expected at most {MaxRank}");
        UInt128 count = 1;
        foreach (int dimension in shape)
        {
            count *= (UInt128)dimension;
            if (count > long.MaxValue / 16)
                throw wrong($"has shape {TensorEntry.Describe(shape)}, expected one that fits into a file");
        }

        if (width > 0 && !isSliced && count * (UInt128)width != (UInt128)size)
            throw wrong($"has {size} bytes, expected {count * (UInt128)width} for {typeName} {TensorEntry.Describe(shape)}");
        var tensor = new TensorEntry(name, type, typeName, shape, offset, size);
        return new BundleEntry(tensor, (int)Math.Clamp(shard, -1, int.MaxValue), checksum, isSliced);
    }

    /// <summary>Reads the dimensions of a TensorShapeProto; -1 for one that is not known, nothing at all for an unknown number of them.</summary>
    public static IEnumerable<long> Shape(ProtobufMessage message) => message.MessagesOf(2).Select(dimension => dimension.IntegerOf(1));
}
