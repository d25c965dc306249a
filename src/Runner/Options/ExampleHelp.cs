using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Engine.Runner.Options;

/// <summary>The help of a command, followed by examples.</summary>
internal sealed class ExampleHelp : SynchronousCommandLineAction
{
    private readonly Dictionary<Command, string[]> _examples = [];
    private readonly HelpAction _help;

    /// <summary>Takes the place of the help of <paramref name="root"/> and its commands.</summary>
    public ExampleHelp(RootCommand root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        _help = option.Action as HelpAction ?? new HelpAction();
        option.Action = this;
    }

    /// <summary>Adds the examples of a command.</summary>
    public void Add(Command command, params string[] examples) => _examples[command] = examples;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int code = _help.Invoke(parseResult);
        if (_examples.TryGetValue(parseResult.CommandResult.Command, out string[]? examples) && examples.Length > 0)
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
        }
        return code;
    }
}
