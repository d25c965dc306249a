namespace Engine.Benchmarks.Report;

/// <summary>The part of a page of documentation, between two comments, that a command writes.</summary>
/// <param name="Name">What stands there: "figures".</param>
/// <param name="Command">The command that writes it: "benchmarks -- report".</param>
internal sealed record PageSection(string Name, string Command)
{
    private string Begin => $"<!-- {Name}: written by \"{Command}\" -->";

    private string End => $"<!-- end of {Name} -->";

    /// <summary>Writes a page with another text between the two comments: into a new file, which then takes the page's place.</summary>
    /// <param name="path">The page's file.</param>
    /// <param name="text">The text, whole lines.</param>
    /// <exception cref="IOException">The page lacks the comments, or cannot be written.</exception>
    public void Write(string path, string text)
    {
        string page = File.ReadAllText(path);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal);
        int end = begin < 0 ? -1 : page.IndexOf(End, begin, StringComparison.Ordinal);
        if (end < 0)
            throw new IOException($"{path}: has no place for the {Name}, expected a line '{Begin}' and below it '{End}'");
        Replace(path, $"{page[..(begin + Begin.Length)]}\n{text.ReplaceLineEndings("\n")}{page[end..]}");
    }

    /// <summary>Writes a new file, which then takes a file's place: whoever is interrupted leaves the old one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">What it is to hold.</param>
    public static void Replace(string path, string text)
    {
        string written = path + ".new";
        File.WriteAllText(written, text);
        File.Move(written, path, overwrite: true);
    }
}
