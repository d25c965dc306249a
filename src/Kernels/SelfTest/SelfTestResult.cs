namespace Engine.Kernels;

/// <summary>What the self-test says about one operation.</summary>
public enum SelfTestVerdict
{
    /// <summary>Every element is within its bound.</summary>
    Right,

    /// <summary>An element is not: the device, its driver or a kernel is at fault.</summary>
    Wrong,

    /// <summary>The device cannot run these kernels, and uses others in their place.</summary>
    NotRun,

    /// <summary>The device needs these kernels, and gave an error instead of a result.</summary>
    Failed,
}

/// <summary>One row of the self-test.</summary>
/// <param name="Operation">What was checked.</param>
/// <param name="Sizes">At which sizes.</param>
/// <param name="Kernels">The kernels checked, by their names in <see cref="KernelCatalog"/>.</param>
/// <param name="Verdict">What came out.</param>
/// <param name="WorstError">The largest difference from the reference, of all results that were within their bounds.</param>
/// <param name="WorstShare">The largest share of its bound that a difference took, at most 1.</param>
/// <param name="Time">What the row took, compilation and the reference included.</param>
/// <param name="Reason">Where it is not right: the element, got and expected, or why it was not run; in a few words.</param>
/// <param name="Detail">The same in full.</param>
public sealed record SelfTestResult(
    string Operation,
    string Sizes,
    IReadOnlyList<string> Kernels,
    SelfTestVerdict Verdict,
    double WorstError,
    double WorstShare,
    TimeSpan Time,
    string Reason,
    string Detail);
