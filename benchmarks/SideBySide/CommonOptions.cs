using System.CommandLine;

namespace Engine.Benchmarks.SideBySide;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    /// <summary>Makes <c>--threads</c>.</summary>
    /// <returns>The option.</returns>
    public static Option<int> Threads()
    {
        var option = new Option<int>("--threads")
        {
            Description = "Threads of both sides.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        RequireAtLeastOne(option);
        return option;
    }

    /// <summary>Makes <c>--rounds</c>.</summary>
    /// <param name="standard">Its default.</param>
    /// <returns>The option.</returns>
    public static Option<int> Rounds(int standard)
    {
        var option = new Option<int>("--rounds")
        {
            Description = "Turns of each side, of which the median counts.",
            DefaultValueFactory = _ => standard,
        };
        RequireAtLeastOne(option);
        return option;
    }

    private static void RequireAtLeastOne(Option<int> option) => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() < 1)
            result.AddError($"{option.Name} {result.GetValueOrDefault<int>()} is not possible: expected 1 or more");
    });
}
