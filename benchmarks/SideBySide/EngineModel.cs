using Engine.Compute;
using Engine.Model;

namespace Engine.Benchmarks.SideBySide;

/// <summary>Our side of a training step: a BERT with random weights, one batch, AdamW.</summary>
internal sealed class EngineModel : IDisposable
{
    private const double LearningRate = 1e-5;
    private static readonly OptimizerSettings Optimizer = new();
    private readonly ComputeDevice device;
    private readonly BertModel model;
    private readonly PackedBatch batch;
    private readonly float[] losses;
    private int steps;

    /// <summary>Makes the model.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    /// <param name="shape">The model and the batch.</param>
    /// <param name="folder">A checkpoint of this shape.</param>
    /// <param name="trains">Whether it is trained; if not, no memory for gradients is taken.</param>
    public EngineModel(ComputeDevice device, StepShape shape, string folder, bool trains)
    {
        this.device = device;
        batch = shape.MakeBatch(seed: 1, ragged: false);
        losses = new float[shape.Batch];
        model = BertModel.Load(
            device,
            folder,
            new HeadOptions(HeadKind.ClsSoftmax, ["0", "1"]),
            seed: 1,
            new BatchLimits(shape.Batch * shape.Sequence, shape.Batch),
            trains ? TrainedPart.All : TrainedPart.Nothing);
    }

    /// <summary>Gets the device memory that the model planned, in bytes.</summary>
    public long PlannedMemory => model.DeviceBytes;

    /// <summary>Runs a training step: forward with dropout, backward, clipping, AdamW, and reads the losses.</summary>
    public void Step() => Step(batch);

    /// <summary>Runs a training step on a batch.</summary>
    /// <param name="sequences">The batch.</param>
    public void Step(PackedBatch sequences)
    {
        model.ForwardTraining(sequences, new TrainingPass(1, steps, sequences.SequenceCount));
        model.Backward();
        model.OptimizerStep(Optimizer, LearningRate, steps++);
        model.ReadLosses(losses.AsSpan(0, sequences.SequenceCount));
        device.Synchronize();
        CheckLosses();
    }

    /// <summary>Runs a forward pass without dropout and reads the losses.</summary>
    public void Forward()
    {
        model.Forward(batch);
        model.ReadLosses(losses);
        CheckLosses();
    }

    /// <summary>Returns the last layer's states after a forward pass.</summary>
    /// <returns>States [tokens, hidden].</returns>
    public float[] States()
    {
        var states = new float[batch.TokenCount * model.Configuration.HiddenSize];
        model.ReadHiddenStates(model.Configuration.LayerCount, states);
        return states;
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private void CheckLosses()
    {
        if (!losses.All(float.IsFinite))
            throw new PeerException($"our losses are not finite after {steps} steps: the model or a kernel is wrong");
    }
}
