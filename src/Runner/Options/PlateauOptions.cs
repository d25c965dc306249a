using System.CommandLine;
using Engine.Model;
using Engine.Model.Training;

namespace Engine.Runner.Options;

/// <summary>When and by how much <c>--schedule plateau</c> lowers the learning rate.</summary>
internal sealed class PlateauOptions
{
    private static readonly PlateauSettings Default = new();

    private readonly Option<double> _factor = OptionFactory.Real(
        "--plateau-factor", "PART", Default.Factor, "What --schedule plateau multiplies the learning rate by.", value => value is > 0 and < 1, "a number above 0 and below 1");

    private readonly Option<int> _patience = OptionFactory.Integer(
        "--plateau-patience", Default.Patience, 0, "Epochs without a lower validation loss after which --schedule plateau acts (Keras: 10).");

    private readonly Option<double> _minDelta = OptionFactory.Real(
        "--plateau-min-delta", "LOSS", Default.MinDelta, "How much lower than the best a loss must be to count as lower.", value => value >= 0, "a number of at least 0");

    private readonly Option<int> _cooldown = OptionFactory.Integer(
        "--plateau-cooldown", Default.Cooldown, 0, "Epochs after a reduction that do not count.");

    private readonly Option<double> _minRate = OptionFactory.Real(
        "--plateau-min-rate", "RATE", Default.MinRate, "--schedule plateau goes no lower than this.", value => value >= 0, "a number of at least 0");

    private Option[] All => [_factor, _patience, _minDelta, _cooldown, _minRate];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
            command.Add(option);
    }

    /// <summary>The settings that were given.</summary>
    /// <exception cref="ModelException">One was given for a schedule that does not use it.</exception>
    public PlateauSettings Settings(ParseResult parsed, ScheduleKind schedule)
    {
        if (schedule != ScheduleKind.Plateau && All.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is Option given)
            throw new ModelException($"{given.Name}: only --schedule plateau uses it; give that too, or leave it out.");
        return new PlateauSettings(
            parsed.GetValue(_factor), parsed.GetValue(_patience), parsed.GetValue(_minDelta), parsed.GetValue(_cooldown), parsed.GetValue(_minRate));
    }
}
