namespace Engine.Model.Checkpoints.Archives;

/// <summary>Bounds what an archive may unpack to: a small file can stand for a very large one. It also lets the user stop, and shows how far the work is.</summary>
/// <param name="path">The archive, for messages.</param>
/// <param name="archiveBytes">Its length.</param>
/// <param name="stop">Ends the work.</param>
internal sealed class ArchiveBudget(string path, long archiveBytes, CancellationToken stop)
{
    // Weights compress to nine tenths and a SavedModel's graph to a twentieth; only files made to fill a disk come near a hundredth.
    private const int MaxRatio = 100;
    private const long Allowance = 64L << 20;
    private const long MaxBytes = 64L << 30;
    private const int MaxEntries = 10_000;

    private readonly long limit = Math.Min(MaxBytes, Allowance + (MaxRatio * Math.Min(archiveBytes, MaxBytes)));
    private long bytes;
    private int entries;

    /// <summary>The archive, for messages.</summary>
    public string Path => path;

    /// <summary>The length of the archive.</summary>
    public long ArchiveBytes => archiveBytes;

    /// <summary>Counts an entry.</summary>
    /// <exception cref="ModelException">There are more than a model has.</exception>
    public void TakeEntry()
    {
        if (++entries > MaxEntries)
            throw new ModelException($"{path}: holds more than {MaxEntries} entries, expected a model's files; unpack it and give the model's folder");
    }

    /// <summary>Counts unpacked bytes.</summary>
    /// <exception cref="ModelException">There are more than an archive of this length can honestly hold.</exception>
    /// <exception cref="OperationCanceledException">The user has stopped the work.</exception>
    public void Take(long count)
    {
        stop.ThrowIfCancellationRequested();
        bytes += count;
        if (bytes > limit)
        {
            throw new ModelException(
                $"{path}: unpacks to more than {limit} bytes, {limit / Math.Max(1, archiveBytes)} times its own length, expected a model; "
                + "unpack it and give the model's folder if that is right");
        }
    }

    /// <summary>An error that says that the archive contradicts itself.</summary>
    public ModelException Damaged(string how) => new($"{path}: {how}; the archive is damaged or cut short: get it again");
}
