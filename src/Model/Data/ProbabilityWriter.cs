using System.Globalization;
using System.Text.Json;

namespace Engine.Model.Data;

/// <summary>Writes one probability for each row, as CSV or JSON lines with id and probability.</summary>
public static class ProbabilityWriter
{
    /// <summary>Writes a file, atomically: JSON lines where its name ends in .jsonl or .ndjson, else CSV.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="ids">The identifier of each row.</param>
    /// <param name="probabilities">[rows]</param>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void Write(string path, string[] ids, float[] probabilities)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(probabilities);
        bool jsonLines = FileFormat.IsJsonLines(path);
        AtomicFile.WriteText(path, writer =>
        {
            if (!jsonLines)
                writer.WriteLine("id,probability");
            for (int row = 0; row < ids.Length; row++)
            {
                string probability = probabilities[row].ToString(CultureInfo.InvariantCulture);
                writer.WriteLine(jsonLines
                    ? $"{{\"id\":{JsonSerializer.Serialize(ids[row])},\"probability\":{probability}}}"
                    : $"{CsvText.Field(ids[row])},{probability}");
            }
        });
    }
}
