using ILGPU.IR.Values;
using SourceValue = ILGPU.IR.Value;

namespace Engine.Compute.Vector.Import;

/// <summary>
/// Finds index and length in the condition of an assertion on an index: <c>index &gt;= 0 &amp; index &lt; length</c> of views, which ILGPU joins with further
/// comparisons for lengths that are none, and <c>index &lt; length</c> of local arrays.
/// </summary>
internal static class IndexAssertion
{
    /// <summary>What is indexed, with what.</summary>
    internal readonly record struct Bounds(SourceValue Index, SourceValue Length);

    /// <summary>Finds the bounds, or null where the assertion is about something else.</summary>
    /// <param name="condition">What is asserted.</param>
    /// <param name="message">ILGPU's message, which names an index.</param>
    public static Bounds? Find(SourceValue condition, string message)
    {
        if (!message.Contains("index", StringComparison.OrdinalIgnoreCase)) return null;
        var comparisons = new List<CompareValue>();
        Collect(condition, comparisons);
        var notNegative = comparisons.Where(compare => compare.Kind == CompareKind.GreaterEqual && IsZero(compare.Right)).Select(compare => compare.Left.Resolve()).ToList();
        foreach (var compare in comparisons)
        {
            if (compare.Kind != CompareKind.LessThan || IsZero(compare.Right)) continue;
            var index = compare.Left.Resolve();
            if (notNegative.Contains(index) || condition == compare) return new Bounds(index, compare.Right.Resolve());
        }
        return null;
    }

    private static void Collect(SourceValue condition, List<CompareValue> comparisons)
    {
        if (condition is CompareValue compare) comparisons.Add(compare);
        if (condition is not BinaryArithmeticValue { Kind: BinaryArithmeticKind.And or BinaryArithmeticKind.Or } both) return;
        Collect(both.Left.Resolve(), comparisons);
        Collect(both.Right.Resolve(), comparisons);
    }

    private static bool IsZero(ValueReference value) => value.Resolve() is PrimitiveValue { RawValue: 0 };
}
