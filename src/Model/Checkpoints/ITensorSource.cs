namespace Engine.Model.Checkpoints;

/// <summary>The tensors of a checkpoint, however it stores them: a TensorFlow bundle, a safetensors file, or several of them.</summary>
internal interface ITensorSource : IDisposable
{
    /// <summary>The file or prefix, for messages.</summary>
    string Path { get; }

    /// <summary>The tensors by the names that the checkpoint gives them.</summary>
    IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>Copies a whole tensor out: little-endian, row-major. What the format has to prove it unharmed is checked first.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="target">As many bytes as the tensor has.</param>
    /// <exception cref="ModelException">There is no such tensor, it cannot be read, or it is damaged.</exception>
    void Read(string name, Span<byte> target);
}
