using System.CommandLine;
using Engine.Model.Data;
using Engine.Tokenizer;
using BertOptions = Microsoft.ML.Tokenizers.BertOptions;
using BertTokenizer = Microsoft.ML.Tokenizers.BertTokenizer;

namespace Engine.Benchmarks.SideBySide;

/// <summary><c>tokenizer</c>: tweets and tokens a second on one core, in each convention, beside Microsoft.ML.Tokenizers.</summary>
internal static class TokenizerCommand
{
    private const string Weights = "weights/all-MiniLM-L6-v2";
    private const string Tweets = "samples/disaster-tweets/train.csv";

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        Option<string?> data = new("--data")
        {
            HelpName = "FILE",
            Description = $"CSV with a column text, such as Kaggle's train.csv of Disaster Tweets (7,613 tweets). [default: {Tweets}]",
        };
        Option<int> rounds = CommonOptions.Rounds(21);
        Command command = new("tokenizer", "Tokenizes tweets on one core in each convention, in turns with Microsoft.ML.Tokenizers, and prints the ratio of medians.") { data, rounds };
        command.SetAction(parsed =>
        {
            string file = parsed.GetValue(data) ?? RepositoryFiles.Require(Tweets);
            Run(file, TextTable.Read(file, new ColumnNames(), LabelColumn.Ignored).Texts, parsed.GetValue(rounds));
        });
        return command;
    }

    private static void Run(string file, string[] tweets, int rounds)
    {
        string weights = RepositoryFiles.Require(Weights);
        BertTokenizer peer = BertTokenizer.Create(Path.Combine(weights, "vocab.txt"), new BertOptions { LowerCaseBeforeTokenization = true, RemoveNonSpacingMarks = true });
        Console.WriteLine(Machine.Description);
        Console.WriteLine($"{file}: {tweets.Length} tweets, each to an array of ids with [CLS] and [SEP], uncut; one thread; medians of {rounds} rounds");
        Console.WriteLine();
        Console.WriteLine($"{"convention",-13}{"tweets/s",12}{"tokens/s",14}{"peer tweets/s",16}{"peer tokens/s",16}{"ratio",8}   same ids as the peer");
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
        }
    }

    private static int[] Ours(WordPieceTokenizer tokenizer, string tweet) => tokenizer.Encode(tweet, maxLength: TokenizerOptions.Unlimited).Ids;

    private static void All(string[] tweets, Func<string, int> encode)
    {
        foreach (string tweet in tweets)
            encode(tweet);
    }
}
