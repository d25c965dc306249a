using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion;

/// <summary>A tensor of a source and the names that tell what it is.</summary>
/// <param name="Entry">Its name in the source, which reads it, its type and its shape.</param>
/// <param name="Names">What it may be recognized by, the surest first; just the name in the source where that says it.</param>
internal sealed record SourceVariable(TensorEntry Entry, IReadOnlyList<string> Names)
{
    /// <summary>A tensor that is recognized by its name in the source.</summary>
    public SourceVariable(TensorEntry entry)
        : this(entry, [entry.Name])
    {
    }

    /// <summary>Its name in the source.</summary>
    public string Key => Entry.Name;

    /// <summary>The surest name.</summary>
    public string Name => Names[0];
}
