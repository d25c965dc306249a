namespace Engine.Benchmarks.SideBySide;

/// <summary>Two things that are measured in turns: see <see cref="Turns"/>.</summary>
internal sealed class Alternation(Action first, Action second)
{
    private readonly Turns turns = new(first, second);

    /// <summary>Gets how many calls of a turn are timed together.</summary>
    public int Calls
    {
        get => turns.Calls;
        init => turns.Calls = value;
    }

    /// <summary>Gets how many calls come before them.</summary>
    public int WarmUp
    {
        get => turns.WarmUp;
        init => turns.WarmUp = value;
    }

    /// <summary>Gets the median seconds of one call of each.</summary>
    public (double First, double Second) Medians => (turns.Medians[0], turns.Medians[1]);

    /// <summary>One turn of each.</summary>
    public void Turn() => turns.Turn();
}
