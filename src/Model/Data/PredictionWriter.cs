using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Engine.Model.Data;

/// <summary>Writes predictions: the columns id, label and probability (that of the label), as CSV or JSON lines.</summary>
public static class PredictionWriter
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a file, atomically: JSON lines where its name ends in .jsonl or .ndjson, else CSV.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="ids">The identifier of each row.</param>
    /// <param name="labels">The classes.</param>
    /// <param name="predictions">The predicted class of each row.</param>
    /// <param name="probabilities">[rows, classes]</param>
    /// <param name="only">The one class whose rows are written, or null for all.</param>
    /// <param name="allProbabilities">Whether a column (or property) for the probability of every class follows.</param>
    /// <returns>The number of rows written.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static int Write(
        string path, string[] ids, LabelMap labels, int[] predictions, float[] probabilities, int? only = null, bool allProbabilities = false)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(predictions);
        int[] rows = [.. Enumerable.Range(0, predictions.Length).Where(row => only is null || predictions[row] == only)];
        bool jsonLines = FileFormat.IsJsonLines(path);
        AtomicFile.WriteText(path, writer =>
        {
            if (jsonLines)
                WriteJson(writer, rows, ids, labels, predictions, probabilities, allProbabilities);
            else
                WriteCsv(writer, rows, ids, labels, predictions, probabilities, allProbabilities);
        });
        return rows.Length;
    }

    private static void WriteCsv(TextWriter writer, int[] rows, string[] ids, LabelMap labels, int[] predictions, float[] probabilities, bool all)
    {
        writer.Write("id,label,probability");
        if (all)
        {
            foreach (string name in labels.Names)
                writer.Write($",{CsvText.Field($"probability of {name}")}");
        }
        writer.WriteLine();
        foreach (int row in rows)
        {
            ReadOnlySpan<float> ofRow = probabilities.AsSpan(row * labels.Count, labels.Count);
            int prediction = predictions[row];
            writer.Write($"{CsvText.Field(ids[row])},{CsvText.Field(labels.Names[prediction])},{Number(ofRow[prediction])}");
            if (all)
            {
                foreach (float probability in ofRow)
                    writer.Write($",{Number(probability)}");
            }
            writer.WriteLine();
        }
    }

    private static void WriteJson(TextWriter writer, int[] rows, string[] ids, LabelMap labels, int[] predictions, float[] probabilities, bool all)
    {
        using MemoryStream buffer = new();
        using Utf8JsonWriter json = new(buffer, Json);
        foreach (int row in rows)
        {
            ReadOnlySpan<float> ofRow = probabilities.AsSpan(row * labels.Count, labels.Count);
            buffer.SetLength(0);
            json.Reset();
            json.WriteStartObject();
            json.WriteString("id", ids[row]);
            json.WriteString("label", labels.Names[predictions[row]]);
            json.WriteNumber("probability", ofRow[predictions[row]]);
            if (all)
            {
                json.WriteStartObject("probabilities");
                for (int label = 0; label < ofRow.Length; label++)
                    json.WriteNumber(labels.Names[label], ofRow[label]);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.Flush();
            writer.WriteLine(StrictUtf8.Encoding.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        }
    }

    private static string Number(float value) => value.ToString(CultureInfo.InvariantCulture);
}
