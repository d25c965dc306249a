using System.CommandLine;

namespace Engine.Benchmarks.SideBySide;

internal static class VariantsCommand
{
    public static Command Make() => new("variants", "x");
}
