using System.CommandLine;
using System.Globalization;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Conversion;
using Engine.Model.Conversion.Verification;
using Engine.Runner.Options;

namespace Engine.Runner;

/// <summary><c>convert --verify</c>: what source and result compute, compared before the result gets its name.</summary>
internal sealed class ConversionCheck
{
    private readonly DeviceOptions _device = new("cpu");
    private readonly Option<bool> _verify = OptionFactory.Switch(
        "--verify",
        "Compute one input from the source in double precision and from the result on the device, and compare all states and logits; seconds for BERT-base. "
        + "Where they differ, nothing is written.");

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_verify);
        _device.AddTo(command);
    }

    /// <summary>Compares, where that was asked for, and prints a line for every output.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="terminal">Where the lines go.</param>
    /// <param name="conversion">The conversion.</param>
    /// <param name="folder">What it wrote, complete but not yet in its place.</param>
    /// <exception cref="ModelException">Source and result do not compute the same.</exception>
    public void Run(ParseResult parsed, Terminal terminal, CheckpointConversion conversion, string folder)
    {
        if (!parsed.GetValue(_verify))
            return;
        using ComputeDevice device = _device.Open(parsed, terminal);
        VerificationReport report = conversion.Verify(folder, device, _device.Seed(parsed));
        terminal.WriteLine($"the source in double precision and the result on {device.Name} differ, relative to each output's norm, by");
        foreach (VerifiedOutput output in report.Outputs)
            terminal.WriteLine($"  {output.Name,-22}{Number(output.Error)}, at most {Number(output.Tolerance)} expected{Rounding(output)}");
        report.RequireAgreement();
    }

    private static string Rounding(VerifiedOutput output) =>
        output.Rounding is { } moved ? $"; rounding the weights moved it by {Number(moved)}" : "";

    private static string Number(double value) => value.ToString("0.0e-00", CultureInfo.InvariantCulture);
}
