using System.Globalization;

namespace Engine.Benchmarks.Report;

/// <summary>What is wanted of a figure: a bound that it must keep, and a better one that is the goal.</summary>
/// <param name="Bound">The bound.</param>
/// <param name="Goal">The goal; null where the bound is all that is wanted.</param>
/// <param name="Unit">Their unit, which is the figure's: "x" for a ratio of speeds, "s", "us", "GB".</param>
/// <param name="LessIsBetter">Whether the figure must not be above the bound, instead of not below it.</param>
internal sealed record Wanted(double Bound, double? Goal, string Unit, bool LessIsBetter)
{
    /// <summary>Wants much: a speed.</summary>
    /// <param name="bound">The least that is enough.</param>
    /// <param name="goal">The goal, or null.</param>
    /// <param name="unit">The unit of both.</param>
    public static Wanted AtLeast(double bound, double? goal, string unit) => new(bound, goal, unit, LessIsBetter: false);

    /// <summary>Wants little: a time, memory.</summary>
    /// <param name="bound">The most that is enough.</param>
    /// <param name="goal">The goal, or null.</param>
    /// <param name="unit">The unit of both.</param>
    public static Wanted AtMost(double bound, double? goal, string unit) => new(bound, goal, unit, LessIsBetter: true);

    /// <summary>Gets the bound as text: "at least 1.15 x".</summary>
    public string BoundText => $"{(LessIsBetter ? "at most" : "at least")} {Text(Bound)}";

    /// <summary>Gets the goal as text; "-" where there is none.</summary>
    public string GoalText => Goal is { } goal ? Text(goal) : "-";

    /// <summary>Says how a figure stands: "goal reached", "kept" or "missed".</summary>
    /// <param name="value">The figure.</param>
    public string Verdict(double value) => Goal is { } goal && IsWithin(value, goal) ? "goal reached" : IsWithin(value, Bound) ? "kept" : "missed";

    private bool IsWithin(double value, double bound) => LessIsBetter ? value <= bound : value >= bound;

    private string Text(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:#,0.##} {Unit}");
}
