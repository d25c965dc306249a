using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Benchmarks.Scaling;

/// <summary><c>growth</c>: what a token costs in training steps of different batches and lengths.</summary>
internal static class GrowthCommand
{
    private const string Weights = "weights/all-MiniLM-L6-v2";

    /// <summary>Tweets that every point of the first table trains on, in batches of its own size.</summary>
    private const int Tweets = 64;

    /// <summary>Tokens of a batch of the second table.</summary>
    private const int Tokens = 2048;

    private static readonly int[] BatchSizes = [1, 8, 64];
    private static readonly int[] Lengths = [32, 128, 512];

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        Option<int> threads = CommonOptions.Threads();
        threads.Description = "Threads.";
        Option<int> rounds = CommonOptions.Rounds(3);
        Option<string?> data = TweetFile.MakeOption("the tweets that ship");
        Option<string?> only = new("--only") { Description = $"Only this model: {string.Join(", ", StepShape.Trained.Select(shape => shape.Name))}." };
        only.AcceptOnlyFromAmong([.. StepShape.Trained.Select(shape => shape.Name)]);
        Command command = new(
            "growth",
            "Time per token of training steps of MiniLM-L6 and BERT-base, random weights: the same 64 tweets, evenly spaced in the file, in batches of 1, 8 and 64; and sequences of 32, 128 and 512 tokens, "
            + "2,048 tokens a batch. What a step costs whatever its batch (the optimizer goes through all parameters) weighs less the more tokens there are; attention's products "
            + "grow with the square of a sequence's length, all others with its length.")
        {
            threads, rounds, data, only,
        };
        command.SetAction(parsed =>
        {
            Console.WriteLine(Machine.Description);
            using ComputeDevice device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = parsed.GetValue(threads) });
            Console.WriteLine($"device: {device.Name}; medians of {parsed.GetValue(rounds)} rounds");
            string file = TweetFile.Find(parsed.GetValue(data)) ?? RepositoryFiles.Require(TweetFile.Shipped);
            string[] texts = TextTable.Read(file, new ColumnNames(), LabelColumn.Ignored).Texts;
            if (texts.Length < Tweets)
                throw new PeerException($"{file}: has {texts.Length} tweets, expected {Tweets} or more");
            Console.WriteLine($"{file}: {Tweets} of {texts.Length} tweets, evenly spaced");
            foreach (StepShape shape in StepShape.Trained.Where(shape => parsed.GetValue(only) is not { } wanted || wanted == shape.Name))
                Run(device, shape, [.. Enumerable.Range(0, Tweets).Select(i => texts[i * (texts.Length / Tweets)])], parsed.GetValue(rounds));
        });
        return command;
    }

    private static void Run(ComputeDevice device, StepShape model, string[] tweets, int rounds)
    {
        TokenizedTexts texts = WordPieceTokenizer.Load(RepositoryFiles.Require(Weights)).EncodeAll(tweets, null, model.Configuration.MaxPositions);
        int most = Math.Max(Tokens, texts.Ids.Length);
        StepShape largest = model with { Batch = Tweets, Sequence = (most + Tweets - 1) / Tweets };
        using RandomCheckpoint checkpoint = new(model.Configuration);
        using EngineModel ours = new(device, largest, checkpoint.Folder, trains: true);
        Point[] points =
        [
            .. BatchSizes.Select(size => new Point($"{size} {(size == 1 ? "tweet" : "tweets")}", [.. Batches(texts, size)])),
            .. Lengths.Select(length => new Point($"{Tokens / length} x {length} tokens", [(model with { Batch = Tokens / length, Sequence = length }).MakeBatch(seed: 1, ragged: false)])),
        ];
        Turns turns = new([.. points.Select(point => (Action)(() => Train(ours, point)))]);
        // The first step compiles.
        ours.Step(points[0].Batches[0]);
        for (int round = 0; round < rounds; round++)
            turns.Turn();

        Console.WriteLine();
        MarkdownTable table = new(
            16,
            $"{model.Title}",
            "tokens a step", "ms a step", "us a token", "products", "attention", "optimizer", "the rest", "attention's multiplications");
        foreach ((Point point, double seconds) in points.Zip(turns.Medians))
        {
            long tokens = point.Batches.Sum(batch => (long)batch.TokenCount);
            double whole = seconds / tokens * 1e6;
            double[] parts = [.. Shares(device, ours, point).Select(share => share * whole)];
            table.Row(
                [
                    point.Name, Text($"{(double)tokens / point.Batches.Length:F0}"), Text($"{seconds / point.Batches.Length * 1e3:F1}"), Text($"{whole:F1}"),
                    .. parts.Select(part => Text($"{part:F1}")), Text($"{whole - parts.Sum():F1}"), Text($"{AttentionShare(model, point):P1}"),
                ]);
        }
    }

    private static IEnumerable<PackedBatch> Batches(TokenizedTexts texts, int size) =>
        from rows in Enumerable.Range(0, texts.Count).Chunk(size)
        let tokens = rows.Sum(texts.Length)
        // A packer has one batch at a time, and all are kept here.
        select new BatchPacker(texts, new int[texts.Count], new BatchLimits(tokens, size)).Pack(rows);

    private static void Train(EngineModel model, Point point)
    {
        foreach (PackedBatch batch in point.Batches)
            model.Step(batch);
    }

    /// <summary>
    /// The shares of matrix products, attention, and what goes through all parameters, in the time of one more pass over a point's batches. Shares, since
    /// that pass is measured at another moment than the medians are.
    /// </summary>
    private static double[] Shares(ComputeDevice device, EngineModel model, Point point)
    {
        LaunchProfile profile = device.StartProfile();
        Stopwatch clock = Stopwatch.StartNew();
        Train(model, point);
        double all = clock.Elapsed.TotalSeconds;
        device.StopProfile();
        return [Sum("matrix product") / all, Sum("attention") / all, (Sum("Adam") + Sum("gradient norm")) / all];

        double Sum(string name) => profile.Operations.Where(operation => operation.Operation.StartsWith(name, StringComparison.Ordinal)).Sum(operation => operation.Total.TotalSeconds);
    }

    /// <summary>Which part of all multiplications attention has: of 24 H H + 4 S H a token and layer, the second term.</summary>
    private static double AttentionShare(StepShape model, Point point)
    {
        double attention = 0, all = 0;
        foreach (ReadOnlyMemory<int> offsets in point.Batches.Select(batch => batch.SequenceOffsets))
        {
            for (int i = 1; i < offsets.Length; i++)
            {
                double length = offsets.Span[i] - offsets.Span[i - 1];
                attention += 4 * length * length * model.Hidden;
                all += (24.0 * length * model.Hidden * model.Hidden) + (4 * length * length * model.Hidden);
            }
        }

        return attention / all;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>What is measured together: steps that go through the same batches.</summary>
    /// <param name="Name">What to call it.</param>
    /// <param name="Batches">The batches.</param>
    private sealed record Point(string Name, PackedBatch[] Batches);
}
