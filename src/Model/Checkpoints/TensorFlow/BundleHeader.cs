namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>What a bundle says of itself, stored under the empty key (BundleHeaderProto, tensorflow/core/protobuf/tensor_bundle.proto).</summary>
/// <param name="ShardCount">The number of <c>.data</c> files.</param>
internal sealed record BundleHeader(int ShardCount)
{
    private const int MaxShards = 99_999; // the names of the files have five digits
    private const long Version = 1;

    /// <summary>Reads and checks a header.</summary>
    /// <param name="path">The index, for messages.</param>
    /// <param name="bytes">The message.</param>
    /// <exception cref="ModelException">It is damaged, of another version, or of a kind that is not read.</exception>
    public static BundleHeader Read(string path, byte[] bytes) => ProtobufMessage.Parse(path, "the header", bytes, message => Read(path, message));

    private static BundleHeader Read(string path, ProtobufMessage message)
    {
        long shards = 0;
        while (message.Next())
        {
            switch (message.Field)
            {
                // In the table of the older format this field is a message.
                case 1 when message.IsNested:
                    throw new ModelException(OldFormat(path));
                case 1:
                    shards = message.Integer();
                    break;
                case 2 when message.Integer() != 0:
                    throw new ModelException(
                        $"{path}: its numbers are big-endian, expected little-endian; load and save the checkpoint with TensorFlow on a little-endian machine");
                case 3:
                    CheckVersion(path, message.Message());
                    break;
            }
        }

        return shards is >= 1 and <= MaxShards
            ? new BundleHeader((int)shards)
            : throw new ModelException($"{path}: has {shards} shards, expected 1 to {MaxShards}; the file is damaged: get it again");
    }

    /// <summary>Says that a checkpoint has TensorFlow's older format.</summary>
    public static string OldFormat(string path) =>
        $"{path}: is a checkpoint of TensorFlow's first format (V1, one file without .index), which is not read; "
        + "save it again with tf.compat.v1.train.Saver(write_version=tf.compat.v1.train.SaverDef.V2)";

    private static void CheckVersion(string path, ProtobufMessage message)
    {
        while (message.Next())
        {
            if ((message.Field == 2 && message.Integer() > Version) || (message.Field == 3 && message.Integers().Contains(Version)))
                throw new ModelException($"{path}: asks for a reader of a later version than {Version}; save the checkpoint with TensorFlow 2");
        }
    }
}
