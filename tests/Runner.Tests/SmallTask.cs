using System.Globalization;
using System.Text;

namespace Engine.Runner.Tests;

/// <summary>
/// A task that a BERT of two layers learns in a second: the class is told by single letters, which the fixture's vocabulary has as tokens.
/// </summary>
internal static class SmallTask
{
    /// <summary>Options for a small, quick and sure run, some of them with other values.</summary>
    /// <param name="instead">Names and values, in turn.</param>
    public static string[] Options(params string[] instead)
    {
        Dictionary<string, string> options = new()
        {
            ["--model"] = Repository.SmallModel,
            ["--device"] = "cpu",
            ["--threads"] = "2",
            ["--max-length"] = "16",
            ["--learning-rate"] = "0.003",
            ["--epochs"] = "4",
            ["--batch"] = "8",
            ["--warmup"] = "0",
            ["--head"] = "cls",
        };
        for (int i = 0; i < instead.Length; i += 2)
            options[instead[i]] = instead[i + 1];
        return [.. options.SelectMany(option => new[] { option.Key, option.Value })];
    }

    /// <summary>CSV with the columns id, text, target.</summary>
    public static string Csv(int rows, int offset = 0, params string[] names)
    {
        string[] classes = names.Length == 0 ? ["0", "1"] : names;
        StringBuilder csv = new("id,text,target\n");
        for (int row = 0; row < rows; row++)
        {
            int label = (row + (row / classes.Length)) % classes.Length;
            csv.Append(CultureInfo.InvariantCulture, $"{offset + row},{Text(row + offset, label)},{classes[label]}\n");
        }
        return csv.ToString();
    }

    private static string Text(int row, int label)
    {
        char sign = "aeio"[label];
        char[] noise = ['b', 'c', 'd', 'f', 'g', 'h'];
        return $"{noise[row % 6]} {sign} {noise[row / 6 % 6]} {sign} {noise[row / 36 % 6]}";
    }
}
