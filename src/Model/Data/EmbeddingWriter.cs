using System.Globalization;
using System.Text.Json;

namespace Engine.Model.Data;

/// <summary>Writes one vector for each text, as CSV (id, then a column per dimension) or JSON lines (id, embedding).</summary>
public static class EmbeddingWriter
{
    /// <summary>Writes a file, atomically: JSON lines where its name ends in .jsonl or .ndjson, else CSV.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="ids">The identifier of each row.</param>
    /// <param name="vectors">[rows, dimensions]</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, string[] ids, float[] vectors)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(vectors);
        int dimensions = vectors.Length / ids.Length;
        bool jsonLines = FileFormat.IsJsonLines(path);
        AtomicFile.WriteText(path, writer =>
        {
            if (!jsonLines)
                writer.WriteLine($"id,{string.Join(',', Enumerable.Range(0, dimensions).Select(dimension => $"v{dimension}"))}");
            for (int row = 0; row < ids.Length; row++)
            {
                writer.Write(jsonLines ? $"{{\"id\":{JsonSerializer.Serialize(ids[row])},\"embedding\":[" : CsvText.Field(ids[row]) + ',');
                for (int dimension = 0; dimension < dimensions; dimension++)
                {
                    if (dimension > 0)
                        writer.Write(',');
                    writer.Write(vectors[(row * dimensions) + dimension].ToString(CultureInfo.InvariantCulture));
                }
                writer.WriteLine(jsonLines ? "]}" : "");
            }
        });
    }
}
