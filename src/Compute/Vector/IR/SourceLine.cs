namespace Engine.Compute.Vector.IR;

/// <summary>Where in the kernel's source an operation comes from.</summary>
/// <param name="Text">File and line, or the method where its file is not known.</param>
/// <param name="IsLine">Whether file and line are known.</param>
internal sealed record SourceLine(string Text, bool IsLine)
{
    /// <summary>Stands for a line that nobody knows.</summary>
    public static SourceLine Unknown { get; } = new("at an unknown line", false);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
