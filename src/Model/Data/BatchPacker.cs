using Engine.Tokenizer;

namespace Engine.Model.Data;

/// <summary>Copies rows of tokenized texts into packed batches; its buffers are made once for the largest batch and used again by every call.</summary>
public sealed class BatchPacker
{
    private readonly TokenizedTexts _texts;
    private readonly int[]? _labels;
    private readonly int[] _ids;
    private readonly int[] _segments;
    private readonly int[] _offsets;
    private readonly int[] _batchLabels;

    /// <summary>Prepares for batches within limits.</summary>
    /// <param name="texts">The tokenized texts.</param>
    /// <param name="labels">The class of each text, or null where they are not known.</param>
    /// <param name="limits">The largest batch.</param>
    public BatchPacker(TokenizedTexts texts, int[]? labels, BatchLimits limits)
    {
        ArgumentNullException.ThrowIfNull(texts);
        _texts = texts;
        _labels = labels;
        _ids = new int[limits.MaxTokens];
        _segments = new int[limits.MaxTokens];
        _offsets = new int[limits.MaxSequences + 1];
        _batchLabels = new int[labels is null ? 0 : limits.MaxSequences];
    }

    /// <summary>Packs rows in the order given. The batch is valid until the next call.</summary>
    /// <param name="rows">Row numbers, from 0.</param>
    public PackedBatch Pack(ReadOnlySpan<int> rows)
    {
        int tokens = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            _offsets[i] = tokens;
            ReadOnlySpan<int> ids = _texts.IdsOf(rows[i]);
            ids.CopyTo(_ids.AsSpan(tokens));
            _texts.TypesOf(rows[i]).CopyTo(_segments.AsSpan(tokens));
            tokens += ids.Length;
            if (_labels is not null)
                _batchLabels[i] = _labels[rows[i]];
        }
        _offsets[rows.Length] = tokens;
        return new PackedBatch(
            _ids.AsMemory(0, tokens), _segments.AsMemory(0, tokens), _offsets.AsMemory(0, rows.Length + 1),
            _labels is null ? default : _batchLabels.AsMemory(0, rows.Length));
    }
}
