using System.Diagnostics;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Tests.Conversion;
using Engine.Tokenizer;

namespace Engine.Model.Tests.Fuzzing;

/// <summary>
/// Runs cases one after another on models of its own: changes one file, converts, judges, puts the file back. What a case does follows from its number alone.
/// </summary>
internal sealed class FuzzWorker : IDisposable
{
    // What a conversion of these models allocates by itself is below 22 MB. The limits of the readers allow a hostile file of this size some tens more.
    private const long MaxAllocatedBytes = 64L << 20;

    private static readonly string[] Compared = [ModelFolder.WeightsName, BertConfiguration.FileName, "vocab.txt", "tokenizer_config.json"];

    private readonly Conversions conversions = new();
    private readonly Dictionary<string, byte[][]> expected = [];
    private readonly IReadOnlyList<FuzzTarget> targets;
    private readonly string output;
    private long started;

    public FuzzWorker()
    {
        targets = FuzzSources.Make(conversions);
        output = Path.Combine(conversions.Path, "out");
        foreach (var target in targets)
        {
            Convert(target);
            expected[target.Name] = Written();
            Directory.Delete(output, recursive: true);
        }
    }

    /// <summary>How long the present case has been under way; zero between cases.</summary>
    public TimeSpan Elapsed => Interlocked.Read(ref started) is var since and not 0 ? Stopwatch.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>The number of the present or last case.</summary>
    public int Case { get; private set; }

    /// <summary>Cases whose conversion was refused, that gave a model, and among these the same model.</summary>
    public (int Refused, int Converted, int Same) Counts { get; private set; }

    /// <summary>The most that a case allocated, in bytes.</summary>
    public long LargestAllocation { get; private set; }

    /// <summary>Runs a case.</summary>
    /// <returns>What is wrong with its outcome; null: nothing.</returns>
    public string? Run(int number)
    {
        Case = number;
        var target = targets[number % targets.Count];
        var random = new Random(number);
        File.WriteAllBytes(target.File, new Mutator(random).Change(target.Original, target.IsText));
        Interlocked.Exchange(ref started, Stopwatch.GetTimestamp());
        try
        {
            string? complaint = Judge(target);
            return complaint is null ? null : $"case {number} ({target.Name}): {complaint}";
        }
        finally
        {
            Interlocked.Exchange(ref started, 0);
            File.WriteAllBytes(target.File, target.Original);
            if (Directory.Exists(output))
                Directory.Delete(output, recursive: true);
        }
    }

    public void Dispose() => conversions.Dispose();

    private string? Judge(FuzzTarget target)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var (refused, converted, same) = Counts;
        try
        {
            Convert(target);
            bool isSame = Written().Zip(expected[target.Name]).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
            Counts = (refused, converted + 1, same + (isSame ? 1 : 0));
            if (target.IsProved && !isSame)
                return "gave another model without an error";
            BertConfiguration.Load(output);
            WordPieceTokenizer.Load(output);
        }
        catch (Exception exception) when (exception is ModelException || (exception is InvalidDataException && exception.Message.StartsWith(conversions.Path, StringComparison.Ordinal)))
        {
            if (exception.Message.Length > 4000 || exception.Message.Any(char.IsControl))
                return $"answered with more than a line: {exception.Message}";
            if (Directory.Exists(output))
                return $"wrote a model that is refused: {exception.Message}";
            Counts = (refused + 1, converted, same);
        }
        catch (Exception exception)
        {
            return $"is no error for the user: {exception}";
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        LargestAllocation = Math.Max(LargestAllocation, allocated);
        string[] left = Directory.GetFileSystemEntries(conversions.Path, "*.tmp");
        return allocated > MaxAllocatedBytes ? $"allocated {allocated >> 20} MB"
            : left.Length > 0 ? $"left {left[0]} behind"
            : null;
    }

    private void Convert(FuzzTarget target)
    {
        using var conversion = CheckpointConversion.Open(target.Source, target.Options with { WorkFolder = conversions.Path });
        conversion.Write(output);
    }

    private byte[][] Written() => [.. Compared.Select(name => File.ReadAllBytes(Path.Combine(output, name)))];
}
