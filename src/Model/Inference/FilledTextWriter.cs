using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Model.Data;

namespace Engine.Model.Inference;

/// <summary>Writes what may stand at masks, as CSV (a line for each candidate) or JSON lines (an object for each text).</summary>
public static class FilledTextWriter
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Writes a file, atomically: JSON lines where its name ends in .jsonl or .ndjson (id, filled, for pairs filled_pair, and masks: for each its candidates with token
    /// and probability), else CSV with the columns id, mask, rank (both from 1), token, probability, filled, and for pairs filled_pair.
    /// </summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="ids">The identifier of each text.</param>
    /// <param name="texts">The texts.</param>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void Write(string path, string[] ids, FilledText[] texts)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(texts);
        AtomicFile.WriteText(path, writer =>
        {
            if (FileFormat.IsJsonLines(path))
                WriteJson(writer, ids, texts);
            else
                WriteCsv(writer, ids, texts);
        });
    }

    private static void WriteCsv(TextWriter writer, string[] ids, FilledText[] texts)
    {
        bool pairs = texts.Length > 0 && texts[0].Fill().Pair is not null;
        writer.WriteLine(pairs ? "id,mask,rank,token,probability,filled,filled_pair" : "id,mask,rank,token,probability,filled");
        for (int row = 0; row < texts.Length; row++)
        {
            FilledText text = texts[row];
            for (int mask = 0; mask < text.Masks.Count; mask++)
            {
                for (int rank = 0; rank < text.Masks[mask].Count; rank++)
                {
                    TokenCandidate candidate = text.Masks[mask][rank];
                    (string filled, string? pair) = text.Fill(mask, rank);
                    string probability = candidate.Probability.ToString(CultureInfo.InvariantCulture);
                    writer.Write($"{CsvText.Field(ids[row])},{mask + 1},{rank + 1},{CsvText.Field(candidate.Token)},{probability},{CsvText.Field(filled)}");
                    writer.WriteLine(pair is null ? "" : $",{CsvText.Field(pair)}");
                }
            }
        }
    }

    private static void WriteJson(TextWriter writer, string[] ids, FilledText[] texts)
    {
        using MemoryStream buffer = new();
        using Utf8JsonWriter json = new(buffer, Json);
        for (int row = 0; row < texts.Length; row++)
        {
            buffer.SetLength(0);
            json.Reset();
            (string filled, string? pair) = texts[row].Fill();
            json.WriteStartObject();
            json.WriteString("id", ids[row]);
            json.WriteString("filled", filled);
            if (pair is not null)
                json.WriteString("filled_pair", pair);
            json.WriteStartArray("masks");
            foreach (IReadOnlyList<TokenCandidate> candidates in texts[row].Masks)
            {
                json.WriteStartArray();
                foreach (TokenCandidate candidate in candidates)
                {
                    json.WriteStartObject();
                    json.WriteString("token", candidate.Token);
                    json.WriteNumber("probability", candidate.Probability);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.Flush();
            writer.WriteLine(StrictUtf8.Encoding.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        }
    }
}
