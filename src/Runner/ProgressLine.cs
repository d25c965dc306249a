using System.Diagnostics;

namespace Engine.Runner;

/// <summary>One line of progress: written over in a terminal, otherwise a plain line now and then.</summary>
/// <param name="terminal">Where it is written.</param>
internal sealed class ProgressLine(Terminal terminal)
{
    private static readonly TimeSpan OverwriteEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PrintEvery = TimeSpan.FromSeconds(10);

    private readonly Stopwatch _sinceWritten = new();
    private bool _isOpen;

    /// <summary>Shows where the work stands, if it is time to.</summary>
    /// <param name="text">Makes the line.</param>
    public void Update(Func<string> text)
    {
        if (_sinceWritten.IsRunning && _sinceWritten.Elapsed < (terminal.IsInteractive ? OverwriteEvery : PrintEvery))
            return;
        bool first = !_sinceWritten.IsRunning;
        _sinceWritten.Restart();
        if (!terminal.IsInteractive)
        {
            // The first line would come at once and say nothing.
            if (!first)
                terminal.WriteLine(text());
            return;
        }
        int width = terminal.Width - 1;
        string line = text();
        terminal.Output.Write('\r' + (line.Length > width ? line[..width] : line.PadRight(width)));
        terminal.Output.Flush();
        _isOpen = true;
    }

    /// <summary>Removes the line from a terminal, so that others can follow.</summary>
    public void Clear()
    {
        if (!_isOpen)
            return;
        terminal.Output.Write('\r' + new string(' ', terminal.Width - 1) + '\r');
        _isOpen = false;
    }

    /// <summary>A duration as minutes and seconds.</summary>
    public static string Duration(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time.Minutes:D2}:{time.Seconds:D2}" : $"{(int)time.TotalMinutes}:{time.Seconds:D2}";
}
