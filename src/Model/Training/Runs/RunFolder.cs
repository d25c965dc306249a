using Engine.Model.Checkpoints;

namespace Engine.Model.Training.Runs;

/// <summary>
/// The folder of one training run: while the run is under way it holds a lock, the run's record and its two latest checkpoints; at the end the model, and
/// then the others are gone. A run that was ended from outside continues from what is there.
/// </summary>
/// <remarks>
/// <code>
/// train.lock                    locked by the process that trains; a lock ends with its process
/// checkpoints/run.json          what the run is
/// checkpoints/step-000000381-epoch-1/checkpoint.json, state.safetensors
/// </code>
/// The folder <c>checkpoints</c> says that the run is unfinished: it disappears in one rename, after the model is complete.
/// </remarks>
public sealed class RunFolder : IDisposable
{
    private const string CheckpointsName = "checkpoints";
    private const string RecordName = "run.json";
    private const string LockName = "train.lock";
    private const string StepPrefix = "step-";
    private const string Temporary = ".tmp";

    private readonly FileStream _lock;
    private readonly string? _made;
    private readonly bool _isNew;
    private bool _isKept;

    private RunFolder(string folder, FileStream locked, RunRecord record, bool isNew, string? made)
    {
        (Folder, _lock, Record, _isNew, _made) = (folder, locked, record, isNew, made);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>What the run is.</summary>
    public RunRecord Record { get; }

    private string Checkpoints => Path.Combine(Folder, CheckpointsName);

    /// <summary>Whether a folder holds a run that is not finished.</summary>
    /// <param name="folder">The folder.</param>
    public static bool IsUnfinished(string folder) => Directory.Exists(Path.Combine(folder, CheckpointsName));

    /// <summary>Whether a run may begin in a folder: it is absent or empty, or holds no more than what a run that ended before it began has left.</summary>
    /// <param name="folder">The folder.</param>
    public static bool IsFree(string folder) => !Directory.Exists(folder) || Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName)
        .All(name => name == LockName || (name!.StartsWith(CheckpointsName + ".", StringComparison.Ordinal) && name.EndsWith(Temporary, StringComparison.Ordinal)));

    /// <summary>Makes the folder of a new run.</summary>
    /// <param name="folder">The folder; see <see cref="IsFree"/>. Folders above it are made.</param>
    /// <param name="record">What the run is.</param>
    /// <exception cref="ModelException">It is not free, another run is in it, or it cannot be written.</exception>
    public static RunFolder Start(string folder, RunRecord record)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(record);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string? made = Directory.Exists(target) ? null : AtomicFolder.FirstMissing(target) ?? target;
        FileStream? locked = null;
        try
        {
            Try(folder, () => Directory.CreateDirectory(target));
            locked = Lock(folder);
            if (!IsFree(folder))
                throw new ModelException($"{folder}: is not empty, and a new folder was expected; give another path or remove it");
            RemoveTemporary(folder);
            AtomicFolder.Write(Path.Combine(folder, CheckpointsName), temporary => SealedJson.Write(temporary, RecordName, record));
            return new RunFolder(folder, locked, record, isNew: true, made);
        }
        catch
        {
            locked?.Dispose();
            if (made is not null)
                RemoveMade(target, made);
            throw;
        }
    }

    /// <summary>Opens the folder of a run that is to be continued.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ModelException">It holds no unfinished run, another process is at it, or its record is damaged.</exception>
    public static RunFolder Continue(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!IsUnfinished(folder))
        {
            string what = !Directory.Exists(folder) ? "does not exist" : File.Exists(Path.Combine(folder, ModelFolder.WeightsName)) ? "holds a run that is finished" : "holds no run";
            throw new ModelException($"{folder}: {what}, and the folder of a run that was ended before its end was expected; start a new run with --out");
        }
        FileStream locked = Lock(folder);
        try
        {
            RunRecord record = SealedJson.Read<RunRecord>(Path.Combine(folder, CheckpointsName, RecordName), "the record of a training run");
            RemoveTemporary(folder);
            RemoveTemporary(Path.Combine(folder, CheckpointsName));
            return new RunFolder(folder, locked, record, isNew: false, null);
        }
        catch
        {
            locked.Dispose();
            throw;
        }
    }

    /// <summary>The latest checkpoint that is intact. Later ones, which are not, are removed.</summary>
    /// <param name="onDamaged">Told of each that is not, in one line.</param>
    /// <returns>Null where none was written yet.</returns>
    /// <exception cref="ModelException">There are some, and none is intact.</exception>
    public TrainingCheckpoint? FindCheckpoint(Action<string> onDamaged)
    {
        ArgumentNullException.ThrowIfNull(onDamaged);
        List<string> damaged = [], messages = [];
        foreach (string folder in Saved().Reverse())
        {
            try
            {
                TrainingCheckpoint found = TrainingCheckpoint.Open(folder);
                foreach (string message in messages)
                    onDamaged($"{message}; the checkpoint of step {found.Step} is used instead.");
                foreach (string other in damaged)
                    Try(Folder, () => Directory.Delete(other, recursive: true));
                return found;
            }
            catch (ModelException exception)
            {
                damaged.Add(folder);
                messages.Add(exception.Message);
            }
        }
        return damaged.Count == 0
            ? null
            : throw new ModelException($"{Folder}: no checkpoint of the run is intact ({string.Join("; ", messages)}); start a new run with --out");
    }

    /// <summary>Saves a checkpoint. The one before it stays; older ones go first, so that there is room.</summary>
    /// <exception cref="ModelException">It cannot be written; the one before is intact.</exception>
    internal void Save(BertModel model, TrainingSettings settings, int trainingRows, ParameterSnapshot? best, TrainingState state)
    {
        string[] saved = [];
        try
        {
            Try(Folder, () => saved = [.. Saved()]);
            foreach (string older in saved.SkipLast(1))
                Try(Folder, () => Directory.Delete(older, recursive: true));
            AtomicFolder.Write(
                Path.Combine(Checkpoints, TrainingCheckpoint.NameOf(state)),
                temporary => TrainingCheckpoint.Write(temporary, model, settings, trainingRows, best, state));
        }
        catch (ModelException exception)
        {
            string before = saved.Length == 0 ? "there is none before it" : $"{Path.GetFileName(saved[^1])} is intact: then continue with --resume {Folder}";
            throw new ModelException($"{Folder}: the checkpoint of step {state.Step} cannot be saved ({Cause(exception)}); make room or make the folder writable; {before}.", exception);
        }
        _isKept = true;
    }

    /// <summary>Puts results into the folder, all of them or, where it fails, none.</summary>
    /// <param name="write">Fills the folder that it is given.</param>
    /// <param name="isFinished">Whether the run is finished, so that its checkpoints go.</param>
    /// <exception cref="ModelException">Something cannot be written; the checkpoints are intact.</exception>
    public void Complete(Action<string> write, bool isFinished)
    {
        ArgumentNullException.ThrowIfNull(write);
        string temporary = Path.Combine(Folder, $"results.{Guid.NewGuid():N}{Temporary}");
        try
        {
            Try(Folder, () => Directory.CreateDirectory(temporary));
            write(temporary);
            Try(Folder, () =>
            {
                foreach (string file in Directory.GetFiles(temporary))
                    File.Move(file, Path.Combine(Folder, Path.GetFileName(file)), overwrite: true);
                Directory.Delete(temporary);
                FolderFlush.Flush(Folder);
            });
        }
        catch (ModelException exception)
        {
            throw new ModelException(
                $"{Folder}: the results cannot be saved ({Cause(exception)}); the checkpoints are intact: make room, then continue with --resume {Folder}.", exception);
        }
        finally
        {
            FailedWrite.Discard(temporary);
        }
        _isKept = true;
        if (!isFinished)
            return;
        string finished = Path.Combine(Folder, $"{CheckpointsName}.{Guid.NewGuid():N}{Temporary}");
        Try(Folder, () =>
        {
            Directory.Move(Checkpoints, finished);
            FolderFlush.Flush(Folder);
            Directory.Delete(finished, recursive: true);
        });
    }

    /// <summary>Releases the folder. A new run that has saved nothing leaves nothing.</summary>
    public void Dispose()
    {
        if (_isNew && !_isKept)
            FailedWrite.Discard(Checkpoints);
        _lock.Dispose();
        if (_isNew && !_isKept && _made is not null)
            RemoveMade(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder)), _made);
    }

    private static FileStream Lock(string folder)
    {
        try
        {
            return new FileStream(
                Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw NotWritable(folder, exception);
        }
        catch (IOException exception)
        {
            // The lock of another process has no exception of its own: where the folder can be written to, it is that.
            string probe = Path.Combine(folder, $"{CheckpointsName}.{Guid.NewGuid():N}{Temporary}");
            Try(folder, () => new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose());
            throw new ModelException($"{folder}: another process trains in this folder, and one at a time was expected; wait for its end or give another path", exception);
        }
    }

    private static void Try(string folder, Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(folder, exception);
        }
    }

    private static ModelException NotWritable(string folder, Exception exception) =>
        new($"{folder}: cannot be written ({exception.Message}); choose a folder that is writable and has room", exception);

    /// <summary>What the system said, without the name of a file that nobody will find.</summary>
    private static string Cause(ModelException exception) =>
        exception.InnerException is { } inner ? inner.Message.Split(" : '")[0] : exception.Message;

    /// <summary>Removes what writes that were ended from outside have left.</summary>
    private static void RemoveTemporary(string folder) => Try(folder, () =>
    {
        foreach (string begun in new[] { "results.", CheckpointsName + ".", StepPrefix })
        {
            foreach (string left in Directory.GetDirectories(folder, begun + "*" + Temporary))
                Directory.Delete(left, recursive: true);
        }
    });

    private static void RemoveMade(string target, string made)
    {
        if (Directory.Exists(target) && !Directory.EnumerateFileSystemEntries(target).Any())
            FailedWrite.Discard(target);
        AtomicFolder.RemoveEmpty(target, made);
    }

    /// <summary>The folders of the checkpoints, in the order of their steps.</summary>
    private IEnumerable<string> Saved() => Directory.GetDirectories(Checkpoints, StepPrefix + "*")
        .Where(folder => !folder.EndsWith(Temporary, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
