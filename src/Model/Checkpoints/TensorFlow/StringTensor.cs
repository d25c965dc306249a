using System.Buffers.Binary;

namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>
/// A tensor of strings as a bundle stores it: the lengths as numbers of variable size, the masked checksum of the lengths, the strings one after another
/// (WriteStringTensor in tensorflow/core/util/tensor_bundle/tensor_bundle.cc).
/// </summary>
internal static class StringTensor
{
    /// <summary>Splits the stored bytes into the strings.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="tensor">What the index says of the tensor.</param>
    /// <param name="bytes">The stored bytes.</param>
    /// <param name="checksum">The checksum of the whole: of the lengths as integers of fixed width, of their checksum, and of the strings.</param>
    /// <exception cref="ModelException">The lengths do not fit, or do not have their checksum.</exception>
    public static IReadOnlyList<byte[]> Split(string path, TensorEntry tensor, byte[] bytes, out uint checksum)
    {
        ModelException Wrong(string what) => new($"{path}: tensor \"{tensor.Name}\" {what}; the file is damaged: get it again");
        if (tensor.Count > bytes.Length)
            throw Wrong($"has {bytes.Length} bytes, too few for {tensor.Count} strings");
        var lengths = new ulong[tensor.Count];
        int position = 0;
        checksum = 0;
        Span<byte> fixedWidth = stackalloc byte[sizeof(ulong)];
        foreach (ref ulong length in lengths.AsSpan())
        {
            length = TableBlock.ReadNumber(path, bytes, ref position);
            BinaryPrimitives.WriteUInt64LittleEndian(fixedWidth, length);
            checksum = Crc32C.Append(checksum, length <= uint.MaxValue ? fixedWidth[..sizeof(uint)] : fixedWidth);
        }

        if (bytes.Length - position < sizeof(uint))
            throw Wrong("ends before the checksum of its lengths");
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(position));
        uint computed = Crc32C.Mask(checksum);
        if (stored != computed)
            throw Wrong($"has lengths with checksum {computed:x8}, expected {stored:x8}");
        checksum = Crc32C.Append(checksum, bytes.AsSpan(position));
        position += sizeof(uint);
        var strings = new byte[lengths.Length][];
        for (int i = 0; i < strings.Length; i++)
        {
            if (lengths[i] > (ulong)(bytes.Length - position))
                throw Wrong($"has a string of {lengths[i]} bytes, expected at most the {bytes.Length - position} that are left");
            strings[i] = bytes.AsSpan(position, (int)lengths[i]).ToArray();
            position += (int)lengths[i];
        }

        return position == bytes.Length ? strings : throw Wrong($"has {bytes.Length - position} bytes after its strings, expected none");
    }
}
