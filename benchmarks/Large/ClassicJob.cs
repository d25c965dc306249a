using System.Diagnostics;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Kernels;
using Engine.Model;
using Engine.Model.Data;
using Engine.Model.Training;
using Engine.Tokenizer;

namespace Engine.Benchmarks.Large;

/// <summary>The classic Keras script's job, as docs/from-the-keras-script.md has it, on a frozen encoder with random weights.</summary>
internal sealed class ClassicJob
{
    /// <summary>Tweets of Kaggle's train.csv.</summary>
    public const int AllRows = 7613;

    /// <summary>A part of the job is one in so many of its rows.</summary>
    public const int Part = 20;

    /// <summary>Epochs of the head.</summary>
    public const int Epochs = 3;

    private const string Tokenizer = "weights/all-MiniLM-L6-v2";

    private static readonly FineTuningSettings Settings = new()
    {
        Head = HeadKind.ClsSigmoid,
        Initializer = HeadInitializer.GlorotUniform,
        Trained = TrainedPart.Head,
        MaxLength = 160,
        Optimizer = new OptimizerSettings(AdamForm.KerasAdam, WeightDecay: 0, MaxGradientNorm: 0),
        Loop = new TrainingSettings { Epochs = Epochs, BatchSize = 16, LearningRate = 2e-6, Warmup = 0, Schedule = ScheduleKind.Constant, KeepBestEpoch = false },
    };

    private readonly ComputeDevice device;
    private readonly StepShape shape;
    private readonly string folder;
    private readonly TextTable tweets;

    /// <summary>Prepares the job.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    /// <param name="shape">The encoder's shape.</param>
    /// <param name="checkpoint">Weights of this shape, which get the vocabulary that ships.</param>
    /// <param name="tweets">Labelled tweets, which are repeated where they are fewer than <see cref="AllRows"/>.</param>
    public ClassicJob(ComputeDevice device, StepShape shape, RandomCheckpoint checkpoint, TextTable tweets)
    {
        this.device = device;
        this.shape = shape;
        this.tweets = tweets;
        folder = checkpoint.Folder;
        foreach (string name in new[] { "vocab.txt", "tokenizer_config.json" })
            File.Copy(RepositoryFiles.Require($"{Tokenizer}/{name}"), Path.Combine(folder, name));
    }

    /// <summary>Gets the rows of the whole job.</summary>
    public int[] Rows => [.. Enumerable.Range(0, AllRows).Select(row => row % tweets.Count)];

    /// <summary>Gets the rows of a part of it, evenly spaced, and so as long as all of them on average.</summary>
    public int[] PartRows => [.. Rows.Where((_, i) => i % Part == Part / 2)];

    /// <summary>Runs the job.</summary>
    /// <param name="rows">The rows, of which the last fifth validates.</param>
    /// <returns>What it took.</returns>
    public JobTime Run(int[] rows)
    {
        long begin = Stopwatch.GetTimestamp();
        TextTable table = tweets.Select(rows);
        // As Keras's validation_split: floor(n (1 - 0.2)) first rows train.
        DataSplit split = DataSplit.LastRows(table.Count, table.Count - (int)(table.Count * 0.8));
        using FineTuning job = FineTuning.Prepare(device, folder, Settings, LabelMap.FromTable(table), table.Select(split.Training), table.Select(split.Validation));
        TimeSpan loading = Stopwatch.GetElapsedTime(begin);

        // The first step comes when the features are there.
        long start = Stopwatch.GetTimestamp();
        TimeSpan? features = null;
        job.Run(onStep: _ => features ??= Stopwatch.GetElapsedTime(start));
        TokenizedTexts[] texts = [job.TrainingTexts, job.ValidationTexts!];
        return new JobTime(
            rows.Length, texts.Sum(part => (long)part.Ids.Length), loading, Stopwatch.GetElapsedTime(start), features!.Value,
            texts.Sum(part => Enumerable.Range(0, part.Count).Sum(i => Work(part.Length(i)))));
    }

    /// <summary>
    /// Multiplications and additions of a text's forward pass: 24 H H + 4 S H a token and layer; of the last layer's dense products only query, key and value
    /// (6 H H) for all tokens, the others for the first one.
    /// </summary>
    private double Work(int length)
    {
        double square = (double)shape.Hidden * shape.Hidden;
        double attention = 4.0 * length * length * shape.Hidden * shape.Layers;
        return ((shape.Layers - 1) * 24 * square * length) + (6 * square * length) + (18 * square) + attention;
    }
}

/// <summary>What a job took.</summary>
/// <param name="Rows">Its tweets.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Loading">Reading the checkpoint and tokenizing.</param>
/// <param name="Work">All that followed.</param>
/// <param name="Features">Of that, the encoder's run over all tweets.</param>
/// <param name="FeatureWork">The multiplications and additions of that run.</param>
internal sealed record JobTime(int Rows, long Tokens, TimeSpan Loading, TimeSpan Work, TimeSpan Features, double FeatureWork);
