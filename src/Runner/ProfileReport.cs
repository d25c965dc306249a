using System.Globalization;
using Engine.Model.Training.Profiling;

namespace Engine.Runner;

/// <summary>Prints where the time of a training run went.</summary>
internal static class ProfileReport
{
    /// <summary>Prints the device's peaks and a row for each operation.</summary>
    public static void Write(Terminal terminal, ProfileTable table)
    {
        terminal.WriteLine();
        terminal.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Profile of {table.Steps} steps in {table.Wall.TotalSeconds:F1} s; measured peaks: {table.Peaks.Flops / 1e9:F1} GFLOP/s, {table.Peaks.Bandwidth / 1e9:F1} GB/s"));
        terminal.WriteTable(
            ["operation", ">share", ">calls", ">ms a step", ">rate", "", ">of peak"],
            table.Rows.Select(row => Row(table, row)).Append(["total", Share(1), "", Milliseconds(table, table.Wall), "", "", ""]));
    }

    private static string[] Row(ProfileTable table, ProfileRow row)
    {
        string[] cells = [row.Name, Share(row.Time / table.Wall), row.Calls == 0 ? "" : $"{row.Calls}", Milliseconds(table, row.Time)];
        if ((row.Flops == 0 && row.Bytes == 0) || row.Time <= TimeSpan.Zero)
            return [.. cells, "", "", ""];
        (double rate, bool arithmetic, double share) = table.Peaks.Rate(row.Flops, row.Bytes, row.Time);
        return [.. cells, (rate / 1e9).ToString("F1", CultureInfo.InvariantCulture), arithmetic ? "GFLOP/s" : "GB/s", Share(share)];
    }

    private static string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:F1} %");

    private static string Milliseconds(ProfileTable table, TimeSpan time) =>
        (time.TotalMilliseconds / Math.Max(1, table.Steps)).ToString("F3", CultureInfo.InvariantCulture);
}
