using System.Text;
using System.Text.RegularExpressions;

namespace Engine.CompilerPage;

/// <summary>Cuts blocks and values out of a listing.</summary>
internal static partial class Excerpt
{
    /// <summary>Stands where something is left out.</summary>
    public const string Gap = "...";

    private const string Range = "..";
    private const string Separator = " | ";
    private const int LineLength = 150;

    /// <summary>Takes parts of a stage.</summary>
    /// <param name="lines">The stage.</param>
    /// <param name="names">
    /// Names of blocks (<c>b4</c>, <c>BB_4</c>) and values (<c>%24</c>, to the line before the next one), ranges of either (<c>%24..%30</c>), or <c>head</c>
    /// for what comes before the first block. None takes everything.
    /// </param>
    /// <returns>The parts in their order, and the first name that was not found.</returns>
    public static (IReadOnlyList<string> Lines, string? Missing) Of(string[] lines, string[] names)
    {
        if (names.Length == 0)
            return (lines, null);
        var missing = names.SelectMany(name => name.Split(Range)).ToHashSet();
        var shown = new List<string>();
        var (block, value) = ("head", string.Empty);
        string? last = null;
        foreach (var line in lines)
        {
            if (BlockStart().Match(line) is { Success: true } start)
                (block, value) = (start.Groups[1].Value, string.Empty);
            else if (Note().Match(line) is { Success: true } note)
                value = note.Groups[1].Value;
            missing.Remove(block);
            missing.Remove(value);

            // A range has begun before this line, or begins here; it goes on to the end of its last part.
            var begun = names.Select(name => name.Split(Range)).FirstOrDefault(ends => ends[0] == block || ends[0] == value);
            var wasLast = last is not null && !missing.Contains(last);
            if (begun is not null)
                last = begun[^1];
            else if (wasLast && last != block && last != value)
                last = null;
            if (last is not null)
                shown.Add(line);
            else if (shown.Count == 0 || shown[^1] != Gap)
                shown.Add(Gap);
        }

        return (shown, missing.FirstOrDefault());
    }

    /// <summary>Puts the instructions of a value on one line, or on as few as they fit on. The types of locals stay where these are written.</summary>
    /// <param name="lines">IL, one instruction a line.</param>
    /// <returns>The same, shorter.</returns>
    public static IEnumerable<string> Join(IEnumerable<string> lines)
    {
        var row = new StringBuilder();
        foreach (var line in lines)
        {
            var isInstruction = line.StartsWith("  ", StringComparison.Ordinal) && !line.StartsWith("  ;", StringComparison.Ordinal);
            var instruction = line.Contains("ldloc", StringComparison.Ordinal) ? LocalType().Replace(line, string.Empty) : line;
            if (row.Length > 0 && (!isInstruction || row.Length + Separator.Length + instruction.Length > LineLength))
            {
                yield return row.ToString();
                row.Clear();
            }

            if (!isInstruction)
                yield return line;
            else if (row.Length == 0)
                row.Append("  ").Append(instruction);
            else
                row.Append(Separator).Append(instruction.TrimStart());
        }

        if (row.Length > 0)
            yield return row.ToString();
    }

    // "b4: ; from b3" of our IR, "BB_4:" of ILGPU's, "; b4" of IL.
    [GeneratedRegex(@"^(?:; )?(b\d+|BB_\d+|Entry_\d+)(?::|$)")]
    private static partial Regex BlockStart();

    // "  %24 = ..." of our IR, "  ; %24 = ..." and "  ; jump b4" of IL.
    [GeneratedRegex(@"^  (?:; (\S+)|(?<1>%\d+) = )")]
    private static partial Regex Note();

    [GeneratedRegex(@" \([^)]*\)$")]
    private static partial Regex LocalType();
}
