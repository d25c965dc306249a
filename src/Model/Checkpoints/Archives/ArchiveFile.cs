namespace Engine.Model.Checkpoints.Archives;

/// <summary>A file in an archive.</summary>
/// <param name="Name">Its name as the archive spells it: not yet trusted.</param>
/// <param name="CopyTo">Copies its content, once, before the next file is asked for; where it is not called the content is passed over.</param>
internal sealed record ArchiveFile(string Name, Action<Stream> CopyTo);
