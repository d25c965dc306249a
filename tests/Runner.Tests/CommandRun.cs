namespace Engine.Runner.Tests;

/// <summary>One run of a command through the program's entry point.</summary>
internal sealed record CommandRun(int Code, string Output, string Error)
{
    public static CommandRun Of(params string[] arguments) => Of([], default, arguments);

    public static CommandRun InTerminal(params string[] arguments) => Of([], default, true, arguments);

    public static CommandRun Of(byte[] input, CancellationToken stop, params string[] arguments) => Of(input, stop, false, arguments);

    /// <summary>A run that is asked to stop, as by Ctrl-C, when a line of its output holds a text.</summary>
    public static CommandRun StoppedAt(string text, params string[] arguments)
    {
        using CancellationTokenSource stop = new();
        using StoppingWriter output = new(text, stop);
        using StringWriter error = new();
        int code = CommandLine.Run(arguments, new Terminal(output, error, () => Stream.Null, isInteractive: false, width: 120), stop.Token);
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    private static CommandRun Of(byte[] input, CancellationToken stop, bool isInteractive, string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Terminal terminal = new(output, error, () => new MemoryStream(input), isInteractive, width: 120);
        int code = CommandLine.Run(arguments, terminal, stop);
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    /// <summary>Asserts the contract of bad input: exit code 2, one line that holds what is expected, nothing on standard output.</summary>
    public void AssertBadInput(params string[] expected)
    {
        AssertEndedByBadInput(expected);
        Xunit.Assert.Equal("", Output);
    }

    /// <summary>Asserts the contract of bad input that shows only while a command is at work, so that it has said something already: exit code 2, one line that holds what is expected.</summary>
    public void AssertEndedByBadInput(params string[] expected)
    {
        Xunit.Assert.Equal(CommandLine.BadInput, Code);
        Xunit.Assert.StartsWith("engine: ", Error, StringComparison.Ordinal);
        Xunit.Assert.Equal(1, Error.Count(character => character == '\n'));
        Xunit.Assert.EndsWith("\n", Error, StringComparison.Ordinal);
        foreach (string part in expected)
            Xunit.Assert.Contains(part, Error, StringComparison.Ordinal);
    }

    private sealed class StoppingWriter(string text, CancellationTokenSource stop) : StringWriter(System.Globalization.CultureInfo.InvariantCulture)
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(text, StringComparison.Ordinal) == true)
                stop.Cancel();
        }
    }
}
