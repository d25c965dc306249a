using System.Diagnostics;
using Engine.Compute;

namespace Engine.Kernels;

/// <summary>
/// Every kernel, forward and backward, on one device against scalar code in double precision, at sizes that are multiples of no tile. It exists because
/// drivers are known to be silently wrong.
/// </summary>
/// <remarks>Kernels in all their shapes and widths are run, those that the device would not choose included, as far as its limits allow.</remarks>
public sealed class SelfTest
{
    private readonly ComputeDevice device;
    private readonly Func<ComputeDevice> reopen;
    private readonly IReadOnlyList<SelfTestCase> cases;

    /// <summary>Makes the self-test of a device.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    /// <param name="reopen">Opens the device anew: after an error, ILGPU's context is of no further use.</param>
    /// <param name="only">A part of the names of the operations, or of the kernels, that are wanted; empty for all.</param>
    public SelfTest(ComputeDevice device, Func<ComputeDevice> reopen, string only = "")
        : this(device, reopen, [.. AllCases(IsSlow(device)).Where(test => test.IsNamed(only))])
    {
    }

    /// <summary>Makes the self-test of a device with these cases.</summary>
    internal SelfTest(ComputeDevice device, Func<ComputeDevice> reopen, IReadOnlyList<SelfTestCase> cases)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(reopen);
        this.device = device;
        this.reopen = reopen;
        this.cases = cases;
    }

    /// <summary>Gets the names of the operations, in the order in which they are run.</summary>
    public IReadOnlyList<string> Operations => [.. cases.Select(test => test.Operation)];

    /// <summary>Gets the number of different kernels that the cases check.</summary>
    public int KernelCount => cases.SelectMany(test => test.Kernels).Distinct().Count();

    /// <summary>Runs one operation after another, each when its result is asked for.</summary>
    /// <returns>A result for each of <see cref="Operations"/>.</returns>
    /// <exception cref="ComputeException">The device gave an error and cannot be opened again.</exception>
    public IEnumerable<SelfTestResult> Run()
    {
        var current = device;
        try
        {
            foreach (var test in cases)
            {
                var result = Run(test, current);
                yield return result;
                if (result.Verdict == SelfTestVerdict.Failed || (result.Verdict == SelfTestVerdict.NotRun && test.Obstacle(current) is null))
                {
                    if (current != device)
                        current.Dispose();
                    current = reopen();
                }
            }
        }
        finally
        {
            if (current != device)
                current.Dispose();
        }
    }

    /// <summary>All cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    internal static IReadOnlyList<SelfTestCase> AllCases(bool small) =>
    [
        .. GemmCases.All(small),
        .. AttentionCases.All(small),
        .. LayerNormChecks.Cases(small),
        .. ElementChecks.Cases(small),
        .. SoftmaxChecks.Cases(small),
        .. CrossEntropyChecks.Cases(small),
        .. EmbeddingChecks.Cases(small),
        .. SequenceChecks.Cases(),
        .. DropoutChecks.Cases(),
        .. ReductionChecks.Cases(small),
        .. AdamChecks.Cases(small),
    ];

    /// <summary>Whether a device runs every thread of a group as a thread of the system, a few million operations a second.</summary>
    internal static bool IsSlow(ComputeDevice device) => device.Kind == DeviceKind.IlgpuCpu;

    private static SelfTestResult Run(SelfTestCase test, ComputeDevice device)
    {
        var comparison = new Comparison();
        var start = Stopwatch.GetTimestamp();
        if (test.Obstacle(device) is { } obstacle)
            return Result(SelfTestVerdict.NotRun, obstacle, obstacle);
        try
        {
            test.Run(device, comparison);
            return Result(SelfTestVerdict.Right, string.Empty, string.Empty);
        }
        catch (KernelMismatchException exception)
        {
            var mismatch = exception.Mismatch.Size.Length > 0 ? exception.Mismatch : exception.Mismatch with { Size = comparison.Size };
            return Result(SelfTestVerdict.Wrong, mismatch.Short, $"{mismatch}");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whatever a driver throws is the device's answer: ILGPU passes on exceptions of many types.
            var reason = OneLine(exception);
            return Result(test.IsNeeded(device) ? SelfTestVerdict.Failed : SelfTestVerdict.NotRun, Cut(reason), $"{comparison.Size}: {reason}");
        }

        SelfTestResult Result(SelfTestVerdict verdict, string reason, string detail) => new(
            test.Operation, test.Sizes, test.Kernels, verdict, comparison.WorstError, comparison.WorstShare, Stopwatch.GetElapsedTime(start), reason, detail);
    }

    private static string OneLine(Exception exception)
    {
        while (exception.InnerException is not null)
            exception = exception.InnerException;
        return string.Join(' ', exception.Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    private static string Cut(string text) => text.Length <= 80 ? text : text[..79] + "…";
}
