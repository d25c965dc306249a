using System.CommandLine;
using System.CommandLine.Parsing;
using Engine.Model;

namespace Engine.Runner.Options;

/// <summary>When <c>engine train</c> saves checkpoints, and which run it continues.</summary>
internal sealed class ResumeOptions
{
    private readonly Option<int> _every = OptionFactory.Integer(
        "--save-every", 0, 0, "Steps from one checkpoint to the next within an epoch; 0: one after every epoch alone. Ctrl-C saves one too.");

    private readonly Option<string?> _resume = OptionFactory.OptionalText(
        "--resume", "FOLDER", "Continue the run that was stopped or killed in this folder, to the same result as if it had not been; its options need not be repeated.");

    private readonly Option<string?> _out;

    /// <summary>Makes the options.</summary>
    /// <param name="output">The option that names the folder of a new run.</param>
    public ResumeOptions(Option<string?> output) => _out = output;

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_every);
        command.Add(_resume);
    }

    /// <summary>Steps between two checkpoints within an epoch; 0: none.</summary>
    public int SaveEvery(ParseResult parsed) => parsed.GetValue(_every);

    /// <summary>The folder of the run to be continued, or null.</summary>
    /// <exception cref="ModelException">The folder of a new run is given as well.</exception>
    public string? Folder(ParseResult parsed)
    {
        string? folder = parsed.GetValue(_resume);
        if (folder is not null && parsed.GetValue(_out) is string output)
            throw new ModelException($"--resume {folder}, --out {output}: a run that is continued stays in its folder; leave one of them out.");
        return folder;
    }

    /// <summary>The options that were given, with their values, as whoever continues the run needs them.</summary>
    /// <param name="parsed">The arguments.</param>
    /// <param name="files">Options whose values are files or folders, as they were found; null for those that are not used.</param>
    public Dictionary<string, string[]> Given(ParseResult parsed, IReadOnlyDictionary<Option, string?> files)
    {
        Dictionary<string, string[]> given = [];
        foreach (OptionResult option in Explicit(parsed).Where(option => !files.ContainsKey(option.Option)))
            given[option.Option.Name] = [.. option.Tokens.Select(token => token.Value)];
        // The next command may be given in another folder.
        foreach ((Option option, string? file) in files)
        {
            if (file is not null)
                given[option.Name] = [Path.GetFullPath(file)];
        }
        return given;
    }

    /// <summary>The arguments of a run that is continued: those that it was started with, and in their place those that are given now.</summary>
    public ParseResult Merge(ParseResult parsed, IReadOnlyDictionary<string, string[]> recorded)
    {
        HashSet<string> now = [.. Explicit(parsed).Select(option => option.Option.Name)];
        Command command = parsed.CommandResult.Command;
        ParseResult merged = command.Parse(
        [
            .. recorded.Where(option => !now.Contains(option.Key)).SelectMany(option => option.Value.Prepend(option.Key)),
            .. Explicit(parsed).SelectMany(option => option.Tokens.Select(token => token.Value).Prepend(option.Option.Name)),
        ]);
        return merged.Errors.Count == 0 ? merged : throw new ModelException($"{merged.Errors[0].Message.TrimEnd('.', ' ')}; the run's record holds an option of another version of this program.");
    }

    private IEnumerable<OptionResult> Explicit(ParseResult parsed) => parsed.CommandResult.Children.OfType<OptionResult>()
        .Where(option => !option.Implicit && option.Option != _resume && option.Option != _out);
}
