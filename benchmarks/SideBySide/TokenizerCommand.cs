using System.CommandLine;
using Engine.Benchmarks.Report;
using Engine.Model.Data;
using Engine.Tokenizer;
using BertOptions = Microsoft.ML.Tokenizers.BertOptions;
using BertTokenizer = Microsoft.ML.Tokenizers.BertTokenizer;

namespace Engine.Benchmarks.SideBySide;

/// <summary><c>tokenizer</c>: tweets and tokens a second on one core, in each convention, beside Microsoft.ML.Tokenizers.</summary>
internal static class TokenizerCommand
{
    private const string Weights = "weights/all-MiniLM-L6-v2";
    private static readonly ReportRow RatioRow = new("tokenizer", "tokenizer, tweets, one core, the slowest of three conventions", "Microsoft.ML.Tokenizers 2.0.1", Wanted.AtLeast(3, null, "x"));
    private static readonly ReportRow TokensRow = new("tokenizer-tokens", "the same, tokens a second", "-", Wanted.AtLeast(5, 11, "million/s"));

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("tokenizer", "tokenizer", RatioRow, TokensRow) { TakesData = true };

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        Option<string?> data = TweetFile.MakeOption($"{TweetFile.Shipped}");
        Option<string?> figures = FigureLog.MakeOption();
        Option<int> rounds = CommonOptions.Rounds(21);
        Command command = new("tokenizer", "Tokenizes tweets on one core in each convention, in turns with Microsoft.ML.Tokenizers, and prints the ratio of medians.") { data, rounds, figures };
        command.SetAction(parsed =>
        {
            string file = TweetFile.Find(parsed.GetValue(data)) ?? RepositoryFiles.Require(TweetFile.Shipped);
            Run(file, TextTable.Read(file, new ColumnNames(), LabelColumn.Ignored).Texts, parsed.GetValue(rounds), new FigureLog(parsed.GetValue(figures)));
        });
        return command;
    }

    private static void Run(string file, string[] tweets, int rounds, FigureLog figures)
    {
        string weights = RepositoryFiles.Require(Weights);
        BertTokenizer peer = BertTokenizer.Create(Path.Combine(weights, "vocab.txt"), new BertOptions { LowerCaseBeforeTokenization = true, RemoveNonSpacingMarks = true });
        Console.WriteLine(Machine.Description);
        Console.WriteLine($"{file}: {tweets.Length} tweets, each to an array of ids with [CLS] and [SEP], uncut; one thread; medians of {rounds} rounds");
        Console.WriteLine();
        Console.WriteLine($"{"convention",-13}{"tweets/s",12}{"tokens/s",14}{"peer tweets/s",16}{"peer tokens/s",16}{"ratio",8}   same ids as the peer");
        List<(string Name, double Ratio, double Tokens)> speeds = [];
        foreach (TokenizerConvention convention in Enum.GetValues<TokenizerConvention>())
        {
            WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(weights, convention);
            int[][] ours = [.. tweets.Select(tweet => Ours(tokenizer, tweet))];
            IReadOnlyList<int>[] theirs = [.. tweets.Select(tweet => peer.EncodeToIds(tweet))];
            int same = ours.Zip(theirs).Count(pair => pair.First.SequenceEqual(pair.Second));
            Alternation alternation = new(
                () => All(tweets, tweet => Ours(tokenizer, tweet).Length),
                () => All(tweets, tweet => peer.EncodeToIds(tweet).Count))
            { WarmUp = 2 };
            for (int round = 0; round < rounds; round++)
                alternation.Turn();
            (double first, double second) = alternation.Medians;
            Console.WriteLine(
                $"{convention.Name(),-13}{tweets.Length / first,12:N0}{ours.Sum(ids => (long)ids.Length) / first,14:N0}{tweets.Length / second,16:N0}"
                + $"{theirs.Sum(ids => (long)ids.Count) / second,16:N0}{second / first,8:F1}   {same} of {tweets.Length}");
            speeds.Add((convention.Name(), second / first, ours.Sum(ids => (long)ids.Length) / first / 1e6));
        }
        Console.WriteLine();
        figures.Add(RatioRow, speeds.Min(speed => speed.Ratio), $"{string.Join(", ", speeds.Select(speed => $"{speed.Ratio:F1} x ({speed.Name})"))}; {tweets.Length:N0} tweets");
        figures.Add(TokensRow, speeds.Min(speed => speed.Tokens), $"{speeds.Min(speed => speed.Tokens):F1} million");
    }

    private static int[] Ours(WordPieceTokenizer tokenizer, string tweet) => tokenizer.Encode(tweet, maxLength: TokenizerOptions.Unlimited).Ids;

    private static void All(string[] tweets, Func<string, int> encode)
    {
        foreach (string tweet in tweets)
            encode(tweet);
    }
}
