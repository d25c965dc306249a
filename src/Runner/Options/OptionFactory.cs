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
        new(name) { Description = description, HelpName = valueName, DefaultValueFactory = _ => defaultValue };

    /// <summary>A text that may be left out.</summary>
    public static Option<string?> OptionalText(string name, string valueName, string description) =>
        new(name) { Description = description, HelpName = valueName };

    /// <summary>A text that must be given.</summary>
    public static Option<string> RequiredText(string name, string valueName, string description) =>
        new(name) { Description = description, HelpName = valueName, Required = true };

    /// <summary>A switch.</summary>
    public static Option<bool> Switch(string name, string description) => new(name) { Description = description };

    /// <summary>A whole number.</summary>
    public static Option<int> Integer(string name, int defaultValue, int least, string description) =>
        Number(name, "N", defaultValue, description, value => value >= least, $"a whole number of at least {least}");

    /// <summary>A number between bounds.</summary>
    public static Option<double> Real(string name, string valueName, double defaultValue, string description, Func<double, bool> fits, string expected) =>
        Number(name, valueName, defaultValue, description, value => double.IsFinite(value) && fits(value), expected);

    /// <summary>One of several words.</summary>
    public static Option<string> Choice(string name, string defaultValue, string description, IEnumerable<string> words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string token = result.Tokens[0].Value;
            if (words.Contains(token, StringComparer.Ordinal))
                return token;
            result.AddError($"{name} {token}: one of {string.Join(", ", words)} was expected");
            return null;
        },
    };

    /// <summary>A seed.</summary>
    public static Option<ulong> Seed() => Number(
        "--seed", "N", 1UL, "Seed of everything that is random: the same seed gives the same result.", _ => true, "a whole number of at least 0");

    private static Option<T> Number<T>(string name, string valueName, T defaultValue, string description, Func<T, bool> fits, string expected)
        where T : struct, INumber<T> => new(name)
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
        result.AddError($"{name} {token}: {expected} was expected");
        return default;
    }
}
