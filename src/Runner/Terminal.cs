using Spectre.Console;

namespace Engine.Runner;

/// <summary>What a command reads from and writes to: the console, or buffers in a test.</summary>
public sealed class Terminal
{
    /// <summary>Makes a terminal.</summary>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="openInput">Opens standard input.</param>
    /// <param name="isInteractive">Whether standard output is a terminal, so that a line may be written over.</param>
    /// <param name="width">Characters of a line.</param>
    public Terminal(TextWriter output, TextWriter error, Func<Stream> openInput, bool isInteractive, int width)
    {
        Output = output;
        Error = error;
        OpenInput = openInput;
        IsInteractive = isInteractive;
        Width = width;
        Rich = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isInteractive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        // A file or a pipe has no width: nothing wraps there.
        Rich.Profile.Width = isInteractive ? width : 1 << 14;
    }

    /// <summary>Standard output.</summary>
    public TextWriter Output { get; }

    /// <summary>Standard error.</summary>
    public TextWriter Error { get; }

    /// <summary>Opens standard input.</summary>
    public Func<Stream> OpenInput { get; }

    /// <summary>Whether standard output is a terminal, so that a line may be written over.</summary>
    public bool IsInteractive { get; }

    /// <summary>Characters of a line.</summary>
    public int Width { get; }

    /// <summary>Standard output for tables.</summary>
    public IAnsiConsole Rich { get; }

    /// <summary>The process's own console.</summary>
    public static Terminal OfProcess()
    {
        bool isInteractive = !Console.IsOutputRedirected;
        int width = 120;
        try
        {
            width = isInteractive && Console.WindowWidth > 20 ? Console.WindowWidth : width;
        }
        catch (IOException)
        {
            // Some terminals do not tell their width.
        }
        return new Terminal(Console.Out, Console.Error, Console.OpenStandardInput, isInteractive, width);
    }

    /// <summary>Writes a line to standard output.</summary>
    /// <param name="line">The line.</param>
    public void WriteLine(string line = "") => Output.WriteLine(line);

    /// <summary>Writes a table: borders where the output is a terminal, plain columns where it is a file or a pipe.</summary>
    /// <param name="header">Names of the columns; those that start with '>' are aligned to the right, those that start with '~' break their lines.</param>
    /// <param name="rows">The rows.</param>
    public void WriteTable(IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        Table table = new() { Border = IsInteractive ? TableBorder.Rounded : TableBorder.None };
        foreach (string name in header)
        {
            bool right = name.StartsWith('>');
            bool breaks = name.StartsWith('~');
            TableColumn column = new(Markup.Escape(right || breaks ? name[1..] : name)) { NoWrap = !breaks };
            table.AddColumn(right ? column.RightAligned() : column);
        }
        foreach (IReadOnlyList<string> row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        Rich.Write(table);
    }
}
