using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Compute.Vector;

/// <summary>
/// Numbers the text of ILGPU's IR anew. ILGPU numbers everything that it makes in a process with one counter, so that its text of a kernel depends on what was compiled
/// before. Here methods, blocks and values count by themselves, each from 0, in the order of their definitions.
/// </summary>
internal static partial class SourceNumbering
{
    /// <summary>Rewrites a listing.</summary>
    /// <param name="listing">Methods one after the other, as ILGPU writes them.</param>
    /// <returns>The same, numbered by place.</returns>
    public static string Normalize(string listing)
    {
        var numbers = new Dictionary<string, int>();
        int methods = 0, blocks = 0, values = 0;
        foreach (string line in listing.Split('\n').Select(line => line.TrimEnd('\r')))
        {
            if (MethodStart().Match(line) is { Success: true } method)
            {
                numbers.TryAdd(method.Groups["handle"].Value, methods);
                numbers.TryAdd(method.Groups["node"].Value, methods++);
                foreach (Match parameter in Number().Matches(line[method.Length..])) numbers.TryAdd(parameter.Groups[1].Value, values++);
            }
            else if (BlockStart().Match(line) is { Success: true } block)
            {
                numbers.TryAdd(block.Groups[1].Value, blocks++);
            }
            else if (Definition().Match(line) is { Success: true } value)
            {
                numbers.TryAdd(value.Groups[1].Value, values++);
            }
        }
        return Number().Replace(listing, match =>
        {
            string old = match.Groups[1].Value;
            if (!numbers.TryGetValue(old, out int number)) numbers[old] = number = values++;
            return "_" + number.ToString(CultureInfo.InvariantCulture);
        });
    }

    // Name_handle[Flags]_node(Type parameter_number, ...)
    [GeneratedRegex(@"^\S+_(?<handle>\d+)\[[^\]]*\]_(?<node>\d+)\(")]
    private static partial Regex MethodStart();

    [GeneratedRegex(@"^\S+_(\d+):$")]
    private static partial Regex BlockStart();

    [GeneratedRegex(@"^\t\S+_(\d+):")]
    private static partial Regex Definition();

    [GeneratedRegex(@"_(\d+)\b")]
    private static partial Regex Number();
}
