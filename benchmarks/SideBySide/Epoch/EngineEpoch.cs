using Engine.Compute;
using Engine.Model;
using Engine.Model.Data;
using Engine.Model.Training;
using Engine.Model.Training.Runs;
using Engine.Tokenizer;

namespace Engine.Benchmarks.SideBySide.Epoch;

/// <summary>Our side of an epoch: what the command <c>train</c> runs, step by step, on packed batches.</summary>
internal sealed class EngineEpoch : IDisposable
{
    private const double LearningRate = 1e-5;
    private readonly FineTuningSettings settings;
    private readonly FineTuning job;
    private readonly EncoderTraining training;
    private readonly BatchPacker packer;
    private readonly float[] probabilities;
    private readonly float[] losses;
    private int steps;

    /// <summary>Loads the model.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    /// <param name="folder">A model folder.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="classes">The classes.</param>
    /// <param name="texts">The training texts.</param>
    public EngineEpoch(ComputeDevice device, string folder, FineTuningSettings settings, LabelMap classes, LabelledTexts texts)
    {
        this.settings = settings;
        job = FineTuning.Prepare(device, folder, settings, classes, texts, validation: null);
        training = new EncoderTraining(job.Model, settings, texts, validation: null, new BestParameters(job.Model));
        packer = new BatchPacker(texts.Texts, texts.Labels, job.Model.Limits);
        probabilities = new float[settings.Loop.BatchSize * training.Classes];
        losses = new float[settings.Loop.BatchSize];
        Texts = texts.Texts;
    }

    /// <summary>Gets the model.</summary>
    public BertModel Model => job.Model;

    /// <summary>Gets the training texts.</summary>
    public TokenizedTexts Texts { get; }

    /// <summary>Runs a training step on each batch: packing, forward with dropout, backward, losses and probabilities to the host, clipping, AdamW.</summary>
    /// <param name="batches">The row numbers of each batch.</param>
    public void Train(IEnumerable<int[]> batches)
    {
        foreach (int[] rows in batches)
        {
            training.Step(rows, steps++, LearningRate, probabilities.AsSpan(0, rows.Length * training.Classes), losses.AsSpan(0, rows.Length));
            if (!losses.AsSpan(0, rows.Length).ToArray().All(float.IsFinite))
                throw new PeerException($"our losses are not finite after {steps} steps: the model or a kernel is wrong");
        }
    }

    /// <summary>Runs a batch forward and backward without dropout; no parameter changes. A batch that is larger than any of a run is cut into several passes.</summary>
    /// <param name="rows">Its row numbers.</param>
    /// <returns>The loss of each row, and the norm of the gradients of their mean.</returns>
    public (float[] Losses, double GradientNorm) Check(int[] rows)
    {
        float[] all = new float[rows.Length];
        for (int first = 0, end, tokens = 0; first < rows.Length; first = end)
        {
            end = first;
            int sum = 0;
            while (end < rows.Length && sum + Texts.Length(rows[end]) <= Model.Limits.MaxTokens)
                sum += Texts.Length(rows[end++]);
            Model.ForwardTraining(packer.Pack(rows.AsSpan(first, end - first)), new TrainingPass(settings.Loop.Seed, 0, rows.Length, tokens, first, Dropout: false));
            Model.ReadLosses(all.AsSpan(first, end - first));
            Model.Backward();
            tokens += sum;
        }

        Model.OptimizerStep(settings.Optimizer, learningRate: 0, step: 0);
        return (all, Model.ReadGradientNorm());
    }

    /// <inheritdoc/>
    public void Dispose() => job.Dispose();
}
