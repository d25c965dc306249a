using Engine.Kernels;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <content>Running and training.</content>
public sealed partial class BertModel
{
    private TrainingPass? lastPass;
    private bool lastPassHasTokens;

    /// <summary>
    /// Computes states, features and, where there is a head, logits, probabilities and (with labels) losses. No dropout; a sequence's results
    /// have the same bits alone and in any batch.
    /// </summary>
    /// <param name="sequences">The batch.</param>
    /// <param name="allStates">
    /// Whether the last layer's states of all tokens are wanted (<see cref="ReadHiddenStates"/>, <see cref="ReadEmbeddings"/>); without them, what the
    /// head does not see is not computed.
    /// </param>
    /// <exception cref="ArgumentException">The batch is empty or exceeds <see cref="Limits"/>.</exception>
    /// <exception cref="ModelException">A token or a sequence does not fit the model.</exception>
    public void Forward(PackedBatch sequences, bool allStates = true)
    {
        RunEncoder(sequences, null, allStates);
        if (Configuration.Head is { } options)
        {
            head.Pool(encoder.Output, batch, options.Pooling, encoder.FirstOnly);
            head.Forward(batch, new DropoutSites(null, Configuration.LayerCount));
        }
    }

    /// <summary>The forward pass of training: with dropout, and with what <see cref="Backward"/> needs kept.</summary>
    /// <param name="sequences">The batch, or a part of the logical batch, with labels.</param>
    /// <param name="pass">The pass's place in the training.</param>
    /// <exception cref="ArgumentException">The batch is empty, exceeds <see cref="Limits"/> or has no labels.</exception>
    /// <exception cref="ModelException">A token or a sequence does not fit the model.</exception>
    public void ForwardTraining(PackedBatch sequences, TrainingPass pass)
    {
        CheckTrains(sequences.Labels.IsEmpty);

        // A frozen encoder has no dropout: its features are the same in every epoch.
        RunEncoder(sequences, trained == TrainedPart.All ? pass : null, allStates: false);
        head.Pool(encoder.Output, batch, Configuration.Head!.Pooling, encoder.FirstOnly);
        head.Forward(batch, new DropoutSites(pass, Configuration.LayerCount));
        lastPass = pass;
        lastPassHasTokens = true;
    }

    /// <summary>Computes logits, probabilities and (with labels) losses from features, without dropout.</summary>
    /// <param name="features">[sequences, hidden], as <see cref="ReadFeatures"/> gave them.</param>
    /// <param name="labels">[sequences], or empty.</param>
    /// <exception cref="ArgumentException">The sizes do not fit, or there is no head.</exception>
    public void ForwardHead(ReadOnlySpan<float> features, ReadOnlySpan<int> labels) => RunHead(features, labels, null);

    /// <summary>The forward pass of a training step of the head alone, from features.</summary>
    /// <param name="features">[sequences, hidden], as <see cref="ReadFeatures"/> gave them.</param>
    /// <param name="labels">[sequences].</param>
    /// <param name="pass">The pass's place in the training.</param>
    /// <exception cref="ArgumentException">The sizes do not fit, or there are no labels.</exception>
    /// <exception cref="InvalidOperationException">The model was loaded with something else to train.</exception>
    public void ForwardHeadTraining(ReadOnlySpan<float> features, ReadOnlySpan<int> labels, TrainingPass pass)
    {
        CheckTrains(labels.IsEmpty);
        if (trained != TrainedPart.Head)
            throw new InvalidOperationException($"The model was loaded to train {trained}; steps from features train the head alone.");
        RunHead(features, labels, pass);
        lastPass = pass;
        lastPassHasTokens = false;
    }

    /// <summary>
    /// The gradients of the mean loss over the logical batch. The logical batch's first pass overwrites, later ones add.
    /// </summary>
    /// <exception cref="InvalidOperationException">The last call was not a forward pass of training.</exception>
    public void Backward()
    {
        var pass = lastPass ?? throw new InvalidOperationException("A backward pass needs a forward pass of training before it.");
        var sites = new DropoutSites(pass, Configuration.LayerCount);
        bool accumulate = !pass.IsFirst;
        bool toEncoder = trained == TrainedPart.All && lastPassHasTokens;
        head.Backward(batch, sites, 1f / pass.LogicalSequences, accumulate, toEncoder);
        if (toEncoder)
        {
            head.UnpoolGradient(encoder.OutputGradient, batch, accumulate, encoder.FirstOnly);
            encoder.Backward(batch, sites, accumulate);
        }

        lastPass = null;
    }

    /// <summary>Clips the gradients by their global norm and changes the trained parameters.</summary>
    /// <param name="settings">How.</param>
    /// <param name="learningRate">This step's rate, schedule included.</param>
    /// <param name="step">The step's number, from 0.</param>
    /// <exception cref="InvalidOperationException">Nothing is trained.</exception>
    public void OptimizerStep(OptimizerSettings settings, double learningRate, int step)
    {
        ArgumentNullException.ThrowIfNull(settings);
        CheckTrains(false);
        int count = arena.Layout.TrainedLength;
        var norm = gradientNorm!.View.BaseView;
        kernels.GradientNorm.Run(arena.Gradients, norm, count, (float)settings.MaxGradientNorm);
        kernels.Adam.Run(
            arena.Parameters.SubView(0, count),
            arena.Gradients,
            arena.FirstMoment,
            arena.SecondMoment,
            arena.DecayMask,
            norm.SubView(1, 1),
            count,
            new AdamStep(settings.Form, learningRate, step + 1, settings.WeightDecay, settings.Beta1, settings.Beta2, settings.Epsilon));
    }

    /// <summary>The gradients' global norm before clipping, of the last <see cref="OptimizerStep"/>.</summary>
    public float ReadGradientNorm()
    {
        CheckTrains(false);
        Span<float> norm = stackalloc float[2];
        Read(gradientNorm!.View.BaseView, norm);
        return norm[0];
    }

    /// <summary>Copies the last batch's logits.</summary>
    /// <param name="target">[sequences, outputs].</param>
    public void ReadLogits(Span<float> target) => Read(head.Logits, target);

    /// <summary>Copies the last batch's probabilities: one a sequence for a sigmoid head, else one a class.</summary>
    /// <param name="target">[sequences, outputs].</param>
    public void ReadProbabilities(Span<float> target) => Read(head.Probabilities, target);

    /// <summary>Copies the last batch's losses.</summary>
    /// <param name="target">[sequences], each sequence's own loss, not averaged.</param>
    public void ReadLosses(Span<float> target) => Read(head.Losses, target);

    /// <summary>Copies what the head's dense layer sees, before dropout.</summary>
    /// <param name="target">[sequences, hidden] of the last batch.</param>
    public void ReadFeatures(Span<float> target) => Read(head.Features, target);

    /// <summary>Makes one vector of each of the last batch's sequences and copies it. Replaces the features.</summary>
    /// <param name="pooling">How.</param>
    /// <param name="target">[sequences, hidden].</param>
    /// <exception cref="ModelException">The model has no pooler.</exception>
    /// <exception cref="InvalidOperationException">The last forward pass did not compute all states.</exception>
    public void ReadEmbeddings(Pooling pooling, Span<float> target)
    {
        if (pooling == Pooling.Pooled && arena.Layout.Pooler is null)
            throw new ModelException($"{sourceFolder}: the model has no pooler, expected pooler.dense.weight; use the mean or the [CLS] state");
        CheckAllStates();
        head.Pool(encoder.Output, batch, pooling, firstOnly: false);
        Read(head.Features, target);
    }

    /// <summary>Copies the states of the last batch. Those before the last layer are kept only where that was asked for or the encoder is trained.</summary>
    /// <param name="index">0: the embedding's output; i + 1: layer i's.</param>
    /// <param name="target">[tokens, hidden].</param>
    /// <exception cref="InvalidOperationException">These states were not kept, or the last forward pass did not compute all of them.</exception>
    public void ReadHiddenStates(int index, Span<float> target)
    {
        if (index == Configuration.LayerCount)
            CheckAllStates();
        if (!keepsStates && index != Configuration.LayerCount)
            throw new InvalidOperationException("States before the last layer are kept only where that was asked for or the encoder is trained.");
        Read(encoder.Hidden(index), target);
    }

    /// <summary>
    /// Finds where the last forward pass's values stopped being finite: a parameter's name, or the first layer whose output holds NaN or infinity.
    /// </summary>
    /// <returns>For example <c>layer 3</c>, or null where everything is finite.</returns>
    public string? FindNonFinite()
    {
        foreach (var tensor in arena.Layout.Tensors)
        {
            if (!AreFinite(ReadParameter(tensor.Name)))
                return $"parameter \"{tensor.Name}\"";
        }

        var states = new float[batch.Tokens * Configuration.HiddenSize];
        for (int i = keepsStates ? 0 : Configuration.LayerCount; states.Length > 0 && i <= Configuration.LayerCount; i++)
        {
            var part = states.AsSpan(0, i == Configuration.LayerCount && encoder.FirstOnly ? batch.Sequences * Configuration.HiddenSize : states.Length);
            Read(encoder.Hidden(i), part);
            if (!AreFinite(part))
                return i == 0 ? "embeddings" : $"layer {i - 1}";
        }

        if (Configuration.Head is { } options)
        {
            var logits = new float[batch.Sequences * options.Outputs];
            Read(head.Logits, logits);
            if (!AreFinite(logits))
                return "the head's logits";
        }

        return null;
    }

    private static bool AreFinite(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
                return false;
        }

        return true;
    }

    private void RunEncoder(PackedBatch sequences, TrainingPass? pass, bool allStates)
    {
        lastPass = null;
        batch.Upload(sequences);
        kernels.Attention.Prepare(sequences.SequenceOffsets.Span);
        if (pass is not null)
            kernels.Embedding.Prepare(sequences.Ids.Span, batch.HostPositions, sequences.Segments.Span);
        bool firstOnly = !allStates && Configuration.Head?.Pooling != Pooling.Mean;
        encoder.Forward(batch, new DropoutSites(pass, Configuration.LayerCount), firstOnly);
    }

    private void CheckAllStates()
    {
        if (encoder.FirstOnly)
            throw new InvalidOperationException("The last forward pass did not compute the last layer's states of all tokens.");
    }

    private void RunHead(ReadOnlySpan<float> features, ReadOnlySpan<int> labels, TrainingPass? pass)
    {
        if (Configuration.Head is null)
            throw new InvalidOperationException("The model has no head.");
        lastPass = null;
        int sequences = features.Length / Configuration.HiddenSize;
        if (sequences * Configuration.HiddenSize != features.Length)
            throw new ArgumentException($"{features.Length} features are no rows of {Configuration.HiddenSize}", nameof(features));
        batch.UploadLabelsOnly(sequences, labels);
        head.Features.SubView(0, features.Length).CopyFromCPU(device.Stream, features);
        head.Forward(batch, new DropoutSites(pass, Configuration.LayerCount));
    }

    private void CheckTrains(bool labelsAreMissing)
    {
        if (trained == TrainedPart.Nothing)
            throw new InvalidOperationException("The model was loaded without anything to train.");
        if (labelsAreMissing)
            throw new ArgumentException("A training step needs labels.");
    }

    private void Read<T>(ArrayView<T> view, Span<T> target)
        where T : unmanaged
    {
        if (target.Length > 0)
            view.SubView(0, target.Length).CopyToCPU(device.Stream, target);
        device.Synchronize();
    }
}
