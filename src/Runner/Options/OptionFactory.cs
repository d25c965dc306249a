using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Engine.Runner.Options;

/// <summary>Makes options whose errors say what was expected.</summary>
internal static class OptionFactory
{
    /// <summary>A text.</summary>
    public static Option<string> Text(string name, string valueName, string defaultValue, string description) =>
        WithValue(new Option<string>(name) { Description = description, HelpName = valueName, DefaultValueFactory = _ => defaultValue });

    /// <summary>A text that may be left out.</summary>
    public static Option<string?> OptionalText(string name, string valueName, string description, string? defaultValue = null)
    {
        Option<string?> option = WithValue(new Option<string?>(name) { Description = description, HelpName = valueName });
        if (defaultValue is not null)
            option.DefaultValueFactory = _ => defaultValue;
        return option;
    }

    /// <summary>A text that must be given.</summary>
    public static Option<string> RequiredText(string name, string valueName, string description) =>
        WithValue(new Option<string>(name) { Description = description, HelpName = valueName, Required = true });

    /// <summary>The path of a file or folder, as an argument.</summary>
    public static Argument<string> Path(string name, string description)
    {
        Argument<string> argument = new(name) { Description = description };
        argument.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0))
                result.AddError($"{name} is empty, and the path of a file or folder was expected");
        });
        return argument;
    }

    /// <summary>A switch.</summary>
    public static Option<bool> Switch(string name, string description) => new(name) { Description = description };

    /// <summary>A whole number between bounds.</summary>
    public static Option<int> Integer(string name, int defaultValue, int least, int most, string description) =>
        Number(name, "N", defaultValue, description, value => value >= least && value <= most, $"a whole number from {least} to {most}");

    /// <summary>A whole number.</summary>
    public static Option<int> Integer(string name, int defaultValue, int least, string description, params string[] aliases) =>
        Number(name, "N", defaultValue, description, value => value >= least, $"a whole number of at least {least}", aliases);

    /// <summary>A number between bounds.</summary>
    public static Option<double> Real(
        string name, string valueName, double defaultValue, string description, Func<double, bool> fits, string expected, params string[] aliases) =>
        Number(name, valueName, defaultValue, description, value => IsSingle(value) && fits(value), expected, aliases);

    /// <summary>A number between bounds that may be left out.</summary>
    public static Option<double?> OptionalReal(
        string name, string valueName, string description, Func<double, bool> fits, string expected, params string[] aliases) => new(name, aliases)
        {
            Description = description,
            HelpName = valueName,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => ParseNumber<double>(result, name, value => IsSingle(value) && fits(value), expected),
        };

    /// <summary>The longest text.</summary>
    public static Option<int> MaxLength(int defaultValue) =>
        Integer("--max-length", defaultValue, 3, "Longest text in tokens, special tokens included; longer ones are cut.", "--length");

    /// <summary>One of several words that may be left out.</summary>
    public static Option<string?> OptionalChoice(string name, string description, IReadOnlyCollection<string> words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => ParseWord(result, name, words),
    };

    /// <summary>One of several words.</summary>
    public static Option<string> Choice(string name, string defaultValue, string description, IReadOnlyCollection<string> words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result => ParseWord(result, name, words),
    };

    /// <summary>A seed.</summary>
    public static Option<ulong> Seed() => Number(
        "--seed", "N", 1UL, "Seed of everything that is random: the same seed gives the same result.", _ => true, "a whole number of at least 0");

    /// <summary>The name by which an option was called: its own or an alias.</summary>
    public static string NameGiven(ArgumentResult result, string name) => (result.Parent as OptionResult)?.IdentifierToken?.Value ?? name;

    // What is not given, as where a script's variable is empty, would else be taken for a file without a name.
    private static Option<T> WithValue<T>(Option<T> option)
    {
        if (option.HelpName is "FILE" or "FOLDER" or "FILE|-")
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens.Any(token => token.Value.Length == 0))
                    result.AddError($"{option.Name} is empty, and the path of a {(option.HelpName == "FOLDER" ? "folder" : "file")} was expected");
            });
        }
        return option;
    }

    // The kernels compute in single precision: a larger number would be infinite there.
    private static bool IsSingle(double value) => float.IsFinite((float)value);

    private static Option<T> Number<T>(
        string name, string valueName, T defaultValue, string description, Func<T, bool> fits, string expected, params string[] aliases)
        where T : struct, INumber<T> => new(name, aliases)
        {
            Description = description,
            HelpName = valueName,
            Arity = ArgumentArity.ExactlyOne,
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => ParseNumber(result, name, fits, expected),
        };

    private static T ParseNumber<T>(ArgumentResult result, string name, Func<T, bool> fits, string expected)
        where T : struct, INumber<T>
    {
        string token = result.Tokens[0].Value;
        if (T.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out T value) && fits(value))
            return value;
        result.AddError($"{NameGiven(result, name)} {token}: {expected} was expected");
        return default;
    }

    private static string? ParseWord(ArgumentResult result, string name, IReadOnlyCollection<string> words)
    {
        string token = result.Tokens[0].Value;
        if (words.Contains(token, StringComparer.Ordinal))
            return token;
        result.AddError($"{name} {token}: one of {string.Join(", ", words)} was expected");
        return null;
    }
}
