using Engine.Model.Checkpoints;

namespace Engine.Model;

/// <content>Compiling kernels while the weights are read.</content>
public sealed partial class BertModel
{
    /// <summary>Fills the memory: zeros, and the weights. Kernels are compiled from the first zero on, which takes a large model's time too.</summary>
    private void Fill(ParameterSource source)
    {
        var ahead = CompileAhead();
        try
        {
            arena.Clear();
            activationArena.Clear();
            ModelFolder.Read(source, arena, Configuration.InitializerRange);
        }
        finally
        {
            // It uses what the model's first pass uses, and what is disposed where reading fails.
            ahead.Wait();
        }
    }

    /// <summary>
    /// Has the kernels compiled that the model's use launches, where the device is opened to do so ahead: the passes themselves are gone through, with a batch
    /// of nothing, so that no list of kernels has to be kept. However far they come, the model is as if it had not been used: what they copy into activations
    /// are zeros.
    /// </summary>
    private Task CompileAhead() => device.CompileAhead(() =>
    {
        try
        {
            GoThrough(MakeEmptyBatch());
        }
        finally
        {
            lastPass = null;
            batch.Clear();
        }
    });

    private void GoThrough(PackedBatch sequences)
    {
        int count = sequences.SequenceCount;
        var pass = new TrainingPass(0, 0, count);
        switch (trained)
        {
            case TrainedPart.All:
                ForwardTraining(sequences, pass);
                Backward();
                OptimizerStep(new OptimizerSettings(), 0, 0);
                break;
            case TrainedPart.Head:
                Forward(sequences, allStates: false);
                ForwardHeadTraining(new float[count * Configuration.HiddenSize], sequences.Labels.Span, pass);
                Backward();
                OptimizerStep(new OptimizerSettings(), 0, 0);
                break;
            default:
                Forward(sequences, allStates: Configuration.Head is null);
                break;
        }
    }

    /// <summary>As many sequences and tokens as the limits allow: fewer would leave kernels out that sum over many.</summary>
    private PackedBatch MakeEmptyBatch()
    {
        int count = Math.Min(Limits.MaxSequences, Limits.MaxTokens);
        int length = Math.Min(Limits.MaxTokens / count, Configuration.MaxPositions);
        int[] offsets = [.. Enumerable.Range(0, count + 1).Select(sequence => sequence * length)];
        return new PackedBatch(new int[count * length], new int[count * length], offsets, new int[count]);
    }
}
