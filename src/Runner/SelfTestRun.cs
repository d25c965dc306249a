using System.Diagnostics;
using System.Globalization;
using Engine.Compute;
using Engine.Kernels;
using Engine.Model;

namespace Engine.Runner;

/// <summary>Runs the self-test of a device and shows what came out.</summary>
internal static class SelfTestRun
{
    /// <summary>Runs it.</summary>
    /// <param name="open">Opens the device.</param>
    /// <param name="only">A part of the names of the operations or kernels to test; empty for all.</param>
    /// <param name="terminal">Where the table goes.</param>
    /// <param name="stop">Ends it between two operations.</param>
    /// <returns>The exit code: 1 where a result is wrong or is missing.</returns>
    public static int Of(Func<ComputeDevice> open, string only, Terminal terminal, CancellationToken stop)
    {
        using ComputeDevice device = open();
        SelfTest test = new(device, open, only);
        if (test.Operations.Count == 0)
            throw new ModelException($"--only {only}: no operation and no kernel has this in its name; engine devices --self-test shows the operations, engine dump-kernel the kernels");
        terminal.WriteLine($"{device.Selector} ({device.Name}): {Plural(test.KernelCount, "kernel")} in {Plural(test.Operations.Count, "operation")}, against scalar code in double precision");
        List<SelfTestResult> results = [];
        ProgressLine progress = new(terminal);
        Stopwatch watch = Stopwatch.StartNew();
        using IEnumerator<SelfTestResult> run = test.Run().GetEnumerator();
        foreach (string operation in test.Operations)
        {
            stop.ThrowIfCancellationRequested();
            progress.Update(() => $"{results.Count + 1}/{test.Operations.Count} {operation}");
            run.MoveNext();
            results.Add(run.Current);
        }
        progress.Clear();
        Write(results, watch.Elapsed, terminal);
        return results.Exists(IsFault) ? CommandLine.Failed : CommandLine.Done;
    }

    private static bool IsFault(SelfTestResult result) => result.Verdict is SelfTestVerdict.Wrong or SelfTestVerdict.Failed;

    private static void Write(List<SelfTestResult> results, TimeSpan elapsed, Terminal terminal)
    {
        terminal.WriteTable(
            ["operation", "~sizes", ">worst error", ">of allowed", ">time", "~result"],
            results.Select(result => (string[])
            [
                result.Operation, result.Sizes,
                result.Verdict == SelfTestVerdict.Right ? Error(result.WorstError) : "-",
                result.Verdict == SelfTestVerdict.Right ? Text($"{100 * result.WorstShare:F0} %") : "-",
                Text($"{result.Time.TotalSeconds:F2} s"),
                result.Reason.Length == 0 ? Word(result.Verdict) : $"{Word(result.Verdict)}: {result.Reason}",
            ]));
        foreach (SelfTestResult result in results.Where(IsFault))
            terminal.WriteLine($"{Word(result.Verdict)}: {result.Operation}: {result.Detail}; kernels: {string.Join(", ", result.Kernels)}");
        int Count(SelfTestVerdict verdict) => results.Count(result => result.Verdict == verdict);
        string missing = Count(SelfTestVerdict.Failed) is > 0 and int failed ? $"{failed} failed, " : string.Empty;
        terminal.WriteLine(
            $"{Count(SelfTestVerdict.Right)} of {Plural(results.Count, "operation")} right, {Count(SelfTestVerdict.Wrong)} wrong, {missing}{Count(SelfTestVerdict.NotRun)} not run, in {ProgressLine.Duration(elapsed)}");
    }

    private static string Word(SelfTestVerdict verdict) => verdict switch
    {
        SelfTestVerdict.Right => "right",
        SelfTestVerdict.Wrong => "WRONG",
        SelfTestVerdict.Failed => "FAILED",
        _ => "not run",
    };

    private static string Error(double error) => error == 0 ? "0" : Text($"{error:0.0E-00}");

    private static string Plural(int count, string name) => count == 1 ? $"1 {name}" : $"{count} {name}s";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
