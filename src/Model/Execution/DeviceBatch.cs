using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <summary>The batch that is being worked on, on the device.</summary>
internal sealed class DeviceBatch : IDisposable
{
    private readonly ComputeDevice device;
    private readonly BertConfiguration configuration;
    private readonly BatchLimits limits;
    private readonly MemoryBuffer1D<int, Stride1D.Dense> integers;
    private readonly MemoryBuffer1D<float, Stride1D.Dense> targets;
    private readonly int[] positions;
    private readonly int[] classes;
    private readonly float[] probabilities;

    /// <summary>Allocates room for the largest batch.</summary>
    public DeviceBatch(ComputeDevice device, BertConfiguration configuration, BatchLimits limits)
    {
        this.device = device;
        this.configuration = configuration;
        this.limits = limits;
        integers = device.Accelerator.Allocate1D<int>(3L * limits.MaxTokens + 2L * limits.MaxSequences + 1);
        targets = device.Accelerator.Allocate1D<float>(limits.MaxSequences);
        positions = new int[limits.MaxTokens];
        classes = new int[limits.MaxSequences];
        probabilities = new float[limits.MaxSequences];
    }

    /// <summary>The number of tokens.</summary>
    public int Tokens { get; private set; }

    /// <summary>The number of sequences.</summary>
    public int Sequences { get; private set; }

    /// <summary>[tokens].</summary>
    public ArrayView<int> Ids => Part(0, Tokens);

    /// <summary>[tokens], each token's place in its sequence.</summary>
    public ArrayView<int> Positions => Part(limits.MaxTokens, Tokens);

    /// <summary>[tokens].</summary>
    public ArrayView<int> Segments => Part(2L * limits.MaxTokens, Tokens);

    /// <summary>[sequences + 1].</summary>
    public ArrayView<int> SequenceOffsets => Part(3L * limits.MaxTokens, Sequences + 1);

    /// <summary>[sequences], class numbers; -1 where the label is not known.</summary>
    public ArrayView<int> Classes => Part(3L * limits.MaxTokens + limits.MaxSequences + 1, Sequences);

    /// <summary>[sequences], class numbers as floats, for sigmoid heads.</summary>
    public ArrayView<float> Targets => targets.View.BaseView.SubView(0, Sequences);

    /// <summary>[tokens], each token's place in its sequence, on the host.</summary>
    public ReadOnlySpan<int> HostPositions => positions.AsSpan(0, Tokens);

    /// <summary>Checks a batch and uploads it.</summary>
    /// <exception cref="ArgumentException">The batch is empty, larger than the limits, or its arrays do not fit together.</exception>
    /// <exception cref="ModelException">A token or a sequence does not fit the model.</exception>
    public void Upload(PackedBatch batch)
    {
        Check(batch);
        Tokens = batch.TokenCount;
        Sequences = batch.SequenceCount;
        Ids.CopyFromCPU(device.Stream, batch.Ids.Span);
        Positions.CopyFromCPU(device.Stream, HostPositions);
        Segments.CopyFromCPU(device.Stream, batch.Segments.Span);
        SequenceOffsets.CopyFromCPU(device.Stream, batch.SequenceOffsets.Span);
        UploadLabels(batch.Labels.Span);
    }

    /// <summary>Makes this a batch of sequences whose features are known: no tokens, only labels.</summary>
    /// <param name="sequences">The number of sequences.</param>
    /// <param name="labels">Their classes, or empty.</param>
    /// <exception cref="ArgumentException">More sequences than the limits allow, or the labels do not fit.</exception>
    public void UploadLabelsOnly(int sequences, ReadOnlySpan<int> labels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sequences, limits.MaxSequences);
        if (labels.Length != 0 && labels.Length != sequences)
            throw new ArgumentException($"{labels.Length} labels for {sequences} sequences", nameof(labels));
        Tokens = 0;
        Sequences = sequences;
        UploadLabels(labels);
    }

    /// <summary>Makes this no batch, as it was in the beginning.</summary>
    public void Clear() => (Tokens, Sequences) = (0, 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        integers.Dispose();
        targets.Dispose();
    }

    private ArrayView<int> Part(long offset, long count) => integers.View.BaseView.SubView(offset, count);

    private void UploadLabels(ReadOnlySpan<int> labels)
    {
        for (int s = 0; s < Sequences; s++)
        {
            classes[s] = labels.IsEmpty ? -1 : labels[s];
            probabilities[s] = Math.Max(0, classes[s]);
        }

        Classes.CopyFromCPU(device.Stream, classes.AsSpan(0, Sequences));
        Targets.CopyFromCPU(device.Stream, probabilities.AsSpan(0, Sequences));
    }

    private void Check(PackedBatch batch)
    {
        var ids = batch.Ids.Span;
        var segments = batch.Segments.Span;
        var offsets = batch.SequenceOffsets.Span;
        if (offsets.Length < 2 || offsets[0] != 0 || offsets[^1] != ids.Length || segments.Length != ids.Length)
            throw new ArgumentException("The batch is empty, or its ids, segments and sequence offsets do not fit together.", nameof(batch));
        if (!batch.Labels.IsEmpty && batch.Labels.Length != batch.SequenceCount)
            throw new ArgumentException($"{batch.Labels.Length} labels for {batch.SequenceCount} sequences", nameof(batch));
        if (ids.Length > limits.MaxTokens || batch.SequenceCount > limits.MaxSequences)
        {
            throw new ArgumentException(
                $"{batch.SequenceCount} sequences of {ids.Length} tokens exceed the limits of {limits.MaxSequences} and {limits.MaxTokens}",
                nameof(batch));
        }

        for (int s = 0; s < batch.SequenceCount; s++)
        {
            int length = offsets[s + 1] - offsets[s];
            if (length < 1 || length > configuration.MaxPositions)
                throw new ModelException($"sequence {s} of the batch: {length} tokens, expected 1 to {configuration.MaxPositions} for this model; cut the text");
            for (int i = 0; i < length; i++)
            {
                int token = offsets[s] + i;
                positions[token] = i;
                if ((uint)ids[token] >= (uint)configuration.VocabularySize)
                {
                    throw new ModelException(
                        $"sequence {s} of the batch: token id {ids[token]}, expected 0 to {configuration.VocabularySize - 1} "
                        + "(vocab_size of config.json); use the vocabulary that belongs to the model");
                }

                if ((uint)segments[token] >= (uint)configuration.SegmentCount)
                {
                    throw new ModelException(
                        $"sequence {s} of the batch: segment {segments[token]}, expected 0 to {configuration.SegmentCount - 1} "
                        + "(type_vocab_size of config.json); use single texts with this model");
                }
            }
        }
    }
}
