namespace Engine.Compute.Vector.IR;

/// <summary>Where in the kernel's source an operation comes from.</summary>
/// <param name="Text">File and line, or the method where its file is not known.</param>
internal sealed record SourceLine(string Text)
{
    /// <summary>Stands for a line that nobody knows.</summary>
    public static SourceLine Unknown { get; } = new("at an unknown line");

    /// <inheritdoc/>
    public override string ToString() => Text;
}
