using System.CommandLine;

namespace Engine.Runner.Commands;

/// <summary>One command: its name, options, action and examples.</summary>
internal interface ICommandDefinition
{
    /// <summary>Command lines that <c>--help</c> shows.</summary>
    string[] Examples { get; }

    /// <summary>Makes the command.</summary>
    /// <param name="terminal">Where its action reads and writes.</param>
    /// <param name="stop">Signalled when the user asks to stop.</param>
    Command Make(Terminal terminal, CancellationToken stop);
}
