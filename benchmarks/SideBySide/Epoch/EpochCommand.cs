using System.CommandLine;
using System.Globalization;
using Engine.Benchmarks.Reference;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.Scaling;
using Engine.Compute;
using Engine.Model.Data;
using Engine.Model.Training;
using Engine.Tokenizer;

namespace Engine.Benchmarks.SideBySide.Epoch;

/// <summary><c>side-by-side epoch</c>: an epoch on real tweets, unpadded, against TorchSharp on padded batches.</summary>
internal static class EpochCommand
{
    private const string Weights = "weights/all-MiniLM-L6-v2";
    private const double StandardShare = 0.05;

    /// <summary>An upper quartile of turns that is more than so many times the lower one says that something else ran.</summary>
    private const double Disturbed = 1.5;

    /// <summary>
    /// Largest distance of losses and gradient norms of the two sides without dropout, relative to their norm. Products sum at most 1,536 float32 products in an
    /// order of their own, 39 x 6e-8 each, and some hundred operations follow one another; a mask that is left out changes the losses of the least padded batch by 3e-3.
    /// </summary>
    private const double Tolerance = 1e-4;

    private static readonly ReportRow PaddedRow = new(
        "epoch-padded",
        "training epoch of MiniLM-L6 on real tweets, batches of 16, unpadded; the peer pads to 160 tokens",
        "TorchSharp, padded to 160 tokens",
        Wanted.AtLeast(5, 8, "x"));

    private static readonly ReportRow SortedRow = new(
        "epoch-sorted",
        "the same; the peer sorts by length and pads to each batch's longest",
        "TorchSharp, sorted by length, padded to each batch's longest",
        Wanted.AtLeast(1.2, 1.5, "x"));

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("epoch", "side-by-side epoch", PaddedRow, SortedRow) { TakesData = true };

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        Option<int> threads = CommonOptions.Threads();
        Option<int> rounds = CommonOptions.Rounds(5);
        Option<string?> data = TweetFile.MakeOption("it is skipped");
        Option<double> share = new("--share")
        {
            Description = "The part of the epoch's steps that is run in each turn, above 0 and at most 1.",
            DefaultValueFactory = _ => StandardShare,
        };
        share.Validators.Add(result =>
        {
            if (!(result.GetValueOrDefault<double>() is > 0 and <= 1))
                result.AddError($"{share.Name} {result.GetValueOrDefault<double>()} is not possible: expected above 0 and at most 1");
        });
        Option<int> seed = new("--seed") { Description = "Decides the order of the epoch and which of its steps are run.", DefaultValueFactory = _ => 1 };
        Option<bool> alone = new("--no-peer") { Description = "Measures our side alone." };
        Option<string?> figures = FigureLog.MakeOption();
        Command command = new(
            "epoch",
            "An epoch of MiniLM-L6 on Kaggle's Disaster Tweets, as reference-job trains all layers (the first 80 % of the file, batches of 16, AdamW, clip 1, dropout 0.1), "
            + "in three ways that take turns: ours, as the command train does it, shuffled and without padding; TorchSharp with every tweet padded to 160 tokens, as the classic script "
            + "does; TorchSharp with tweets sorted by length and each batch padded to its longest. A sample of the steps is run, which has short and long batches as the epoch has them; "
            + "epoch times are extended from it. All three have the same weights; before anything is timed, losses and gradient norms of padded batches must equal ours of the same batches "
            + "unpadded. It takes four to six minutes; --share 0.01 --rounds 2 is a quick look. Exit code 1: disturbed, the upper quartile of some side's turns is more than "
            + $"{Disturbed.ToString(CultureInfo.InvariantCulture)} times the lower one; nothing is recorded then.")
        {
            data, share, seed, rounds, threads, alone, figures,
        };
        FigureLog.RequireWhole(command, figures, share);
        FigureLog.RequireWhole(command, figures, alone);
        command.SetAction(parsed =>
        {
            FigureLog log = new(parsed.GetValue(figures));
            if (TweetFile.Find(parsed.GetValue(data)) is not { } file)
            {
                log.NotMeasured(Measurement.Rows, "Kaggle's train.csv is not here");
                Console.WriteLine("epoch: skipped, Kaggle's train.csv of Disaster Tweets is not here (it cannot be shipped); give it with --data FILE.");
                return 0;
            }

            return Run(file, parsed.GetValue(share), (ulong)parsed.GetValue(seed), parsed.GetValue(rounds), parsed.GetValue(threads), !parsed.GetValue(alone), log);
        });
        return command;
    }

    private static int Run(string file, double share, ulong seed, int rounds, int threads, bool withPeer, FigureLog figures)
    {
        using ComputeDevice device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Console.WriteLine(Machine.Description);
        Console.WriteLine($"ours: {device.Name}");
        FineTuningSettings settings = ReferenceRun.Trained.Settings(seed);
        (LabelMap classes, LabelledTexts texts) = Read(file, settings.MaxLength);
        using EngineEpoch ours = new(device, RepositoryFiles.Require(Weights), settings, classes, texts);
        Contestant[] contestants = Contestants(texts, settings, share, seed);
        Console.WriteLine(Text($"{file}: the first {texts.Count:N0} rows train, {texts.Texts.Ids.Length:N0} tokens, {settings.Loop.StepsPerEpoch(texts.Count)} steps an epoch; {contestants[0].Sample.Batches.Count} steps a turn"));
        if (!withPeer)
            contestants = contestants[..1];

        PeerProcess?[] peers = new PeerProcess?[contestants.Length];
        try
        {
            Start(contestants, peers, ours, texts, threads);
            Turns turns = new([.. contestants.Select((contestant, i) => (Action)(() => Train(contestant, peers[i], ours)))]);
            for (int round = 1; round <= rounds; round++)
            {
                turns.Turn();
                Console.WriteLine(Text($"round {round} of {rounds}: {string.Join(", ", contestants.Zip(turns.Latest, (contestant, seconds) => Text($"{contestant.Name} {seconds:F2} s")))}"));
            }

            Show(contestants, turns, texts, peers[^1]?.Name);
            KernelProfile.Show(device, () => ours.Train(contestants[0].Sample.Batches), 1, contestants[0].Sample.Batches.Count);
            Console.WriteLine();
            return withPeer ? Conclude(contestants, turns, texts.Count, share, peers[^1]!.Name, figures) : 0;
        }
        finally
        {
            foreach (PeerProcess? peer in peers)
                peer?.Dispose();
        }
    }

    private static (LabelMap Classes, LabelledTexts Texts) Read(string file, int maxLength)
    {
        TextTable table = TextTable.Read(file, new ColumnNames(), LabelColumn.Required);
        LabelMap classes = LabelMap.FromTable(table);
        TextTable training = table.Select(DataSplit.LastRows(table.Count, table.Count / 5).Training);
        TokenizedTexts texts = WordPieceTokenizer.Load(RepositoryFiles.Require(Weights)).EncodeAll(training.Texts, null, maxLength);
        return (classes, new LabelledTexts(texts, classes.Encode(training)));
    }

    /// <summary>The three, ours first. The two that sort nothing see the same batches.</summary>
    private static Contestant[] Contestants(LabelledTexts texts, FineTuningSettings settings, double share, ulong seed)
    {
        int size = settings.Loop.BatchSize;
        EpochSample shuffled = EpochSample.Draw(
            [.. settings.Loop.OrderOf(1, texts.Count).Chunk(size)], rows => rows.Sum(row => (long)texts.Texts.Length(row)), share, seed);
        EpochSample sorted = EpochSample.Draw(
            [.. Enumerable.Range(0, texts.Count).OrderBy(texts.Texts.Length).Chunk(size)], rows => (long)rows.Length * Longest(rows), share, seed);
        return
        [
            new("ours, unpadded", shuffled, _ => 0, Checked: 0, Warming: shuffled.Batches.Count),
            // Every batch has a shape of its own; all of them are checked.
            new("TorchSharp, sorted", sorted, Longest, Checked: sorted.Batches.Count, Warming: sorted.Batches.Count),
            new(
                $"TorchSharp, {settings.MaxLength}",
                shuffled with { Positions = (long)shuffled.Rows * settings.MaxLength, EpochPositions = (long)texts.Count * settings.MaxLength },
                _ => settings.MaxLength,
                Checked: Math.Min(2, shuffled.Batches.Count),
                Warming: Math.Min(2, shuffled.Batches.Count)),
        ];

        int Longest(int[] rows) => rows.Max(texts.Texts.Length);
    }

    /// <summary>Starts the peers with our weights, gives them their batches, compares results, and runs every shape once or more.</summary>
    private static void Start(Contestant[] contestants, PeerProcess?[] peers, EngineEpoch ours, LabelledTexts texts, int threads)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("engine-benchmarks-");
        try
        {
            ours.Model.Save(folder.FullName);
            for (int i = 1; i < contestants.Length; i++)
                peers[i] = PeerProcess.StartTorchSharp(Path.Combine(folder.FullName, "model.safetensors"), ours.Model.Configuration.HeadCount, threads);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        for (int i = 1; i < contestants.Length; i++)
            Compare(contestants[i], peers[i]!, ours, texts);
        for (int i = 0; i < contestants.Length; i++)
        {
            Train(contestants[i] with { Sample = contestants[i].Sample with { Batches = [.. contestants[i].Sample.Batches.Take(contestants[i].Warming)] } }, peers[i], ours);
            Console.WriteLine($"{contestants[i].Name}: warm");
        }
    }

    private static void Compare(Contestant contestant, PeerProcess peer, EngineEpoch ours, LabelledTexts texts)
    {
        double worst = 0;
        for (int i = 0; i < contestant.Sample.Batches.Count; i++)
        {
            int[] rows = contestant.Sample.Batches[i];
            peer.Add(PaddedBatch.Of([.. rows.Select(row => texts.Texts.IdsOf(row).ToArray())], [.. rows.Select(row => texts.Labels[row])], contestant.Width(rows)));
            if (i >= contestant.Checked)
                continue;
            (float[] ourLosses, double ourNorm) = ours.Check(rows);
            (float[] theirLosses, double theirNorm) = peer.Check(i);
            string batch = $"{contestant.Name}: batch {i + 1}, {rows.Length} tweets padded to {contestant.Width(rows)} tokens against ours unpadded, without dropout";
            worst = Math.Max(worst, Results.RequireEqual($"{batch}, losses", theirLosses, ourLosses, Tolerance));
            worst = Math.Max(worst, Results.RequireEqual($"{batch}, gradient norm", [(float)theirNorm], [(float)ourNorm], Tolerance));
        }

        Console.WriteLine(Text($"{contestant.Name}: losses and gradient norms of {contestant.Checked} batches without dropout equal ours, largest distance {worst:G2} of their norm"));
    }

    private static void Train(Contestant contestant, PeerProcess? peer, EngineEpoch ours)
    {
        if (peer is null)
            ours.Train(contestant.Sample.Batches);
        else
            peer.Train(contestant.Sample.Batches.Count);
    }

    private static void Show(Contestant[] contestants, Turns turns, LabelledTexts texts, string? peer)
    {
        Console.WriteLine();
        Console.WriteLine(Text($"medians of a turn{(peer is null ? string.Empty : $"; the peer is {peer}")}"));
        MarkdownTable table = new(20, "epoch", "s a turn", "quartiles", "tweets/s", "tokens/s", "ms a step", "positions a tweet", "in the epoch", "s an epoch", "speed of ours");
        for (int i = 0; i < contestants.Length; i++)
        {
            EpochSample sample = contestants[i].Sample;
            double seconds = turns.Medians[i];
            long tokens = sample.Batches.Sum(rows => rows.Sum(row => (long)texts.Texts.Length(row)));
            double positions = (double)sample.Positions / sample.Rows, inEpoch = (double)sample.EpochPositions / texts.Count;
            table.Row(
                contestants[i].Name, Text($"{seconds:F2}"), Text($"{turns.Quartiles[i].Lower:F2} to {turns.Quartiles[i].Upper:F2}"), Text($"{sample.Rows / seconds:F0}"),
                Text($"{tokens / seconds:N0}"), Text($"{seconds / sample.Batches.Count * 1e3:F0}"), Text($"{positions:F1}"), Text($"{inEpoch:F1}"),
                Text($"{Seconds(contestants, turns, i, texts.Count):F0}"), Text($"{Seconds(contestants, turns, i, texts.Count) / Seconds(contestants, turns, 0, texts.Count):F2} x"));
        }
    }

    private static int Conclude(Contestant[] contestants, Turns turns, int rows, double share, string peer, FigureLog figures)
    {
        for (int i = 0; i < contestants.Length; i++)
        {
            (double lower, double upper) = turns.Quartiles[i];
            if (upper > Disturbed * lower)
            {
                Console.Error.WriteLine(Text(
                    $"engine-benchmarks: disturbed: the quartiles of {contestants[i].Name} are {lower:F2} and {upper:F2} s, expected at most a factor of {Disturbed}; run it again while nothing else runs"));
                return 1;
            }
        }

        double ours = Seconds(contestants, turns, 0, rows);
        foreach ((int i, ReportRow row) in new[] { (2, PaddedRow), (1, SortedRow) })
        {
            double theirs = Seconds(contestants, turns, i, rows);
            figures.Add(
                row, theirs / ours, Text($"{FigureLog.Speed(theirs / ours)}: {ours:F0} s to {theirs:F0} an epoch, from {share:P0} of its steps"),
                row.Against.Replace("TorchSharp", peer, StringComparison.Ordinal));
        }

        return 0;
    }

    /// <summary>An epoch's seconds: those of the sample, extended to all rows.</summary>
    private static double Seconds(Contestant[] contestants, Turns turns, int index, int rows) => turns.Medians[index] / contestants[index].Sample.Rows * rows;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>One way to run the epoch.</summary>
    /// <param name="Name">What to call it.</param>
    /// <param name="Sample">The steps of a turn.</param>
    /// <param name="Width">What each of a batch's rows is padded to; 0: it is not padded.</param>
    /// <param name="Checked">How many of the batches, from the first on, are compared with ours before anything is timed.</param>
    /// <param name="Warming">How many of the batches come before what is timed, so that every shape was there.</param>
    private sealed record Contestant(string Name, EpochSample Sample, Func<int[], int> Width, int Checked, int Warming);
}
