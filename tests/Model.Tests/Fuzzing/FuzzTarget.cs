using Engine.Model.Conversion;

namespace Engine.Model.Tests.Fuzzing;

/// <summary>A file that is changed, and the conversion that reads it.</summary>
/// <param name="Name">What it is, for messages.</param>
/// <param name="File">The file.</param>
/// <param name="Source">What is converted: the folder of the file, a checkpoint's prefix, an archive.</param>
/// <param name="Options">The options of the conversion.</param>
/// <param name="IsProved">Whether checksums cover the file: then its changes give an error or the same model.</param>
/// <param name="IsText">Whether it is JSON or a vocabulary.</param>
internal sealed record FuzzTarget(string Name, string File, string Source, ConversionOptions Options, bool IsProved = false, bool IsText = false)
{
    /// <summary>Its content before any change.</summary>
    public byte[] Original { get; } = System.IO.File.ReadAllBytes(File);
}
