using System.Collections.Concurrent;
using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Model.Tests.Fuzzing;

/// <summary>
/// Changes files of every kind by chance and converts the models that they belong to: whatever the files hold, the answer is a model or one line for the user, in
/// bounded time and memory; where checksums cover a file it is never another model.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    // A case takes milliseconds. This is for machines with much else to do.
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    [Fact]
    public void Two_thousand_changed_files() => Run(first: 0, count: 2000, workers: 1);

    [SkippableFact]
    [Trait("Category", "Full")]
    public void A_hundred_thousand_changed_files()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ENGINE_FULL_TESTS") == "1", "a long test: set ENGINE_FULL_TESTS=1 to run it");
        Run(Number("ENGINE_FUZZ_FIRST", 2000), Number("ENGINE_FUZZ_CASES", 100_000), Environment.ProcessorCount);
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private void Run(int first, int count, int workers)
    {
        var complaints = new ConcurrentQueue<string>();
        int next = first;
        var runs = Enumerable.Range(0, workers).Select(_ => new FuzzWorker()).ToArray();
        var threads = runs.Select(worker => new Thread(() =>
        {
            for (int number = Interlocked.Increment(ref next) - 1; number < first + count && complaints.Count < 10; number = Interlocked.Increment(ref next) - 1)
            {
                if (worker.Run(number) is { } complaint)
                    complaints.Enqueue(complaint);
            }
        })
        { IsBackground = true }).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var (worker, thread) in runs.Zip(threads))
        {
            while (!thread.Join(TimeSpan.FromSeconds(1)))
                Assert.True(worker.Elapsed < Hang, $"case {worker.Case} hangs");
        }

        foreach (var worker in runs)
            worker.Dispose();
        Assert.True(complaints.IsEmpty, string.Join(Environment.NewLine, complaints));
        output.WriteLine(
            $"{count} changed files from number {first}: {runs.Sum(r => r.Counts.Refused)} refused, {runs.Sum(r => r.Counts.Converted)} converted, "
            + $"{runs.Sum(r => r.Counts.Same)} of these unchanged; at most {runs.Max(r => r.LargestAllocation) >> 20} MB allocated by one");
    }
}
