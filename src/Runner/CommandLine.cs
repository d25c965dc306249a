using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Training;
using Engine.Runner.Commands;
using Engine.Runner.Options;

namespace Engine.Runner;

/// <summary>The entry point of every command: parses, runs, and turns what goes wrong into one line and an exit code.</summary>
public static class CommandLine
{
    /// <summary>All went well.</summary>
    public const int Done = 0;

    /// <summary>A defect of the program.</summary>
    public const int Failed = 1;

    /// <summary>Something that the user gave does not fit.</summary>
    public const int BadInput = 2;

    /// <summary>The user stopped the command; what was done so far is saved.</summary>
    public const int Stopped = 130;

    /// <summary>Runs a command.</summary>
    /// <param name="arguments">The arguments of the process.</param>
    /// <param name="terminal">Where to read and write.</param>
    /// <param name="stop">Signalled when the user asks to stop.</param>
    /// <returns>The process's exit code.</returns>
    public static int Run(string[] arguments, Terminal terminal, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        try
        {
            ParseResult parsed = MakeRoot(terminal, stop).Parse(arguments.Length == 0 ? ["--help"] : arguments);
            if (parsed.Action is ParseErrorAction)
            {
                // That a command is missing says less than which word is none.
                ParseError error = parsed.UnmatchedTokens.Count > 0 ? parsed.Errors[^1] : parsed.Errors[0];
                throw new ModelException($"{error.Message.TrimEnd('.', ' ')}; {HelpHint(parsed)} lists what is expected.");
            }
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception exception) when (IsForTheUser(exception))
        {
            terminal.Error.WriteLine($"engine: {OneLine(exception.Message)}");
            return BadInput;
        }
        catch (OperationCanceledException)
        {
            terminal.Error.WriteLine("engine: stopped; nothing was written.");
            return Stopped;
        }
        catch (Exception exception)
        {
            terminal.Error.WriteLine($"engine: unexpected error, a defect of this program: {exception}");
            return Failed;
        }
    }

    private static bool IsForTheUser(Exception exception) =>
        exception is ModelException or NonFiniteLossException or ComputeException or InvalidDataException or IOException or UnauthorizedAccessException;

    private static string HelpHint(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "engine --help" : $"engine {parsed.CommandResult.Command.Name} --help";

    // Messages quote names from arguments and files that nobody vouches for; what would move a terminal's cursor does not pass.
    private static string OneLine(string message)
    {
        string line = string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.Any(char.IsControl) ? string.Concat(line.Select(character => char.IsControl(character) ? '?' : character)) : line;
    }

    private static RootCommand MakeRoot(Terminal terminal, CancellationToken stop)
    {
        RootCommand root = new("Fine-tunes BERT models on your own texts and runs them: on an NVIDIA card, an OpenCL device, or any CPU.");
        ExampleHelp help = new(root);
        help.Add(root, "engine train", "engine train --train tweets.csv --out runs/tweets", "engine predict --model runs/tweets --input new.csv --out predictions.csv");
        ICommandDefinition[] definitions =
        [
            new DevicesCommand(), new InfoCommand(), new TrainCommand(), new PredictCommand(), new EvaluateCommand(), new EmbedCommand(),
            new FillMaskCommand(), new NextSentenceCommand(), new TokenizeCommand(), new ConvertCommand(), new DumpKernelCommand(),
        ];
        foreach (ICommandDefinition definition in definitions)
        {
            Command command = definition.Make(terminal, stop);
            root.Add(command);
            help.Add(command, definition.Examples);
        }
        return root;
    }
}
