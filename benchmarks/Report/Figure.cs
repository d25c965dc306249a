using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engine.Benchmarks.Report;

/// <summary>What was measured for a row of the tables: one line of <c>benchmarks/figures.jsonl</c>.</summary>
/// <param name="Row">The row's name.</param>
/// <param name="Value">The figure, in the unit of what is wanted; null where it was not measured.</param>
/// <param name="Result">The figure in words, or why it was not measured.</param>
/// <param name="Peer">The peer with its version; null where the row says enough.</param>
/// <param name="Machine">The processor and its number of cores.</param>
/// <param name="Date">The day, in UTC.</param>
internal sealed record Figure(string Row, double? Value, string Result, string? Peer, string Machine, DateOnly Date)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads a file of figures.</summary>
    /// <param name="file">The file; one that is not there has no figures.</param>
    /// <exception cref="IOException">A line is no figure.</exception>
    public static IReadOnlyList<Figure> ReadAll(string file)
    {
        List<Figure> figures = [];
        var number = 0;
        foreach (var line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            number++;
            try
            {
                figures.Add(JsonSerializer.Deserialize<Figure>(line, Options) ?? throw new JsonException());
            }
            catch (JsonException)
            {
                throw new IOException($"{file}, line {number}: is no figure, expected a JSON object as --figures writes it; delete the line and measure it again");
            }
        }

        return figures;
    }

    /// <summary>Returns the figure as a line of such a file.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, Options);
}
