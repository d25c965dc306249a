using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Engine.Model;
using Engine.Model.Data;

namespace Engine.Runner.Options;

/// <summary>Which rows <c>engine train</c> validates on.</summary>
internal sealed class ValidationOption
{
    private const string Name = "--validation";

    private readonly Option<Choice> _option = new(Name)
    {
        Description = "Rows to validate on: the last part of --train, a number of its last rows, a random part of each class (by --seed), or another file with labels. "
            + "last:0: none. [default: last:0.2]",
        HelpName = "last:PART|last:ROWS|stratified:PART|FILE",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = Parse,
    };

    /// <summary>Adds the option to a command.</summary>
    public void AddTo(Command command) => command.Add(_option);

    /// <summary>The option.</summary>
    public Option Option => _option;

    /// <summary>The file that was given, or null: a part of the training file validates.</summary>
    public string? File(ParseResult parsed) => Given(parsed).File;

    /// <summary>Splits the training file.</summary>
    /// <param name="parsed">The arguments.</param>
    /// <param name="table">The file's rows.</param>
    /// <param name="labels">The class of each row.</param>
    /// <param name="seed">Seed of a random split.</param>
    /// <exception cref="ModelException">More rows shall validate than there are.</exception>
    public DataSplit Split(ParseResult parsed, TextTable table, int[] labels, ulong seed)
    {
        Choice choice = Given(parsed);
        if (choice.IsStratified)
            return DataSplit.Stratified(labels, choice.Amount, seed);
        if (choice.Amount < 1)
            return DataSplit.Last(table.Count, choice.Amount);
        if (choice.Amount >= table.Count)
            throw new ModelException($"{Name} last:{choice.Amount}: {table.Source} has {table.Count} rows, and some must train; give fewer, or a part such as last:0.2.");
        return DataSplit.LastRows(table.Count, (int)choice.Amount);
    }

    private Choice Given(ParseResult parsed) => parsed.GetValue(_option) ?? new Choice(null, false, 0.2);

    private static Choice? Parse(ArgumentResult result)
    {
        string token = result.Tokens[0].Value;
        if (token.Length == 0)
        {
            result.AddError($"{Name} is empty, and last:PART, last:ROWS, stratified:PART or the path of a file was expected");
            return null;
        }
        int colon = token.IndexOf(':', StringComparison.Ordinal);
        string kind = colon < 0 ? "" : token[..colon];
        if (kind is not ("last" or "stratified"))
            return new Choice(token, false, 0);
        bool isNumber = double.TryParse(token.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double amount) && amount >= 0;
        if (isNumber && (amount < 1 || (kind == "last" && amount <= int.MaxValue && double.IsInteger(amount))))
            return new Choice(null, kind == "stratified", amount);
        result.AddError($"{Name} {token}: a part from 0 to below 1{(kind == "last" ? ", or a whole number of rows," : "")} was expected after \"{kind}:\"");
        return null;
    }

    /// <summary>A file, or how much of the training file: below 1 a part of it, from 1 on a number of rows.</summary>
    private sealed record Choice(string? File, bool IsStratified, double Amount);
}
