using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Model.Training.Runs;
using Engine.Tokenizer;

namespace Engine.Model.Training;

/// <summary>Trains a whole model: every step runs encoder and head forward and backward, in one pass or in several that add up.</summary>
internal sealed class EncoderTraining : ITrainable
{
    private readonly BertModel _model;
    private readonly FineTuningSettings _settings;
    private readonly TokenizedTexts _texts;
    private readonly LabelledTexts? _validation;
    private readonly BatchPacker _packer;
    private readonly float[] _scratch;
    private readonly BestParameters _best;

    /// <summary>Puts a model and its data together.</summary>
    public EncoderTraining(BertModel model, FineTuningSettings settings, LabelledTexts training, LabelledTexts? validation, BestParameters best)
    {
        _model = model;
        _best = best;
        _settings = settings;
        _texts = training.Texts;
        _validation = validation;
        _packer = new BatchPacker(training.Texts, training.Labels, model.Limits);
        _scratch = new float[model.Limits.MaxSequences];
        Classes = model.Configuration.Head!.Labels.Count;
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <summary>The largest batch of a run: the most tokens that any pass of any epoch has, and the most sequences.</summary>
    public static BatchLimits LimitsOf(FineTuningSettings settings, TokenizedTexts texts, TokenizedTexts? validationTexts)
    {
        int sequences = Math.Min(PassSize(settings), texts.Count);
        int tokens = validationTexts is null ? 0 : BatchPlan.LongestRow(validationTexts);
        for (int epoch = 1; epoch <= settings.Loop.Epochs; epoch++)
        {
            int[] order = settings.Loop.OrderOf(epoch, texts.Count);
            for (int start = 0; start < order.Length; start += settings.Loop.BatchSize)
            {
                ReadOnlySpan<int> rows = order.AsSpan(start, Math.Min(settings.Loop.BatchSize, order.Length - start));
                for (int first = 0; first < rows.Length; first += sequences)
                {
                    int sum = 0;
                    foreach (int row in rows.Slice(first, Math.Min(sequences, rows.Length - first)))
                        sum += texts.Length(row);
                    tokens = Math.Max(tokens, sum);
                }
            }
        }
        return new BatchLimits(tokens, sequences);
    }

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<int> rows, int step, double learningRate, Span<float> probabilities, Span<float> losses)
    {
        int size = PassSize(_settings);
        int tokenBase = 0;
        for (int first = 0; first < rows.Length; first += size)
        {
            int count = Math.Min(size, rows.Length - first);
            PackedBatch batch = _packer.Pack(rows.Slice(first, count));
            _model.ForwardTraining(batch, new TrainingPass(_settings.Loop.Seed, step, rows.Length, tokenBase, first));
            _model.Backward();
            ClassProbabilities.Read(_model, _scratch, probabilities.Slice(first * Classes, count * Classes));
            _model.ReadLosses(losses.Slice(first, count));
            foreach (float loss in losses.Slice(first, count))
            {
                // The caller stops: nothing may be learned from such a batch, and the pass stays on the device to be looked into.
                if (!float.IsFinite(loss))
                    return;
            }
            tokenBase += batch.TokenCount;
        }
        _model.OptimizerStep(_settings.Optimizer, learningRate, step);
    }

    /// <inheritdoc/>
    public string LocateNonFinite(ReadOnlySpan<int> rows) => Describe(_model);

    /// <inheritdoc/>
    public void Validate(Span<float> probabilities, Span<float> losses)
    {
        if (_validation is not null)
            BatchedClassification.Run(_model, _validation.Texts, _validation.Labels, probabilities, losses);
    }

    /// <inheritdoc/>
    public long Tokens(ReadOnlySpan<int> rows)
    {
        long tokens = 0;
        foreach (int row in rows)
            tokens += _texts.Length(row);
        return tokens;
    }

    /// <inheritdoc/>
    public void Remember() => _best.Remember();

    /// <inheritdoc/>
    public void Recall() => _best.Recall();

    /// <summary>Says what is not finite after a forward pass.</summary>
    internal static string Describe(BertModel model) => model.FindNonFinite() is string where ? $"{where} is not finite" : "the loss itself overflowed";

    private static int PassSize(FineTuningSettings settings) =>
        settings.MicroBatchSize == 0 ? settings.Loop.BatchSize : Math.Min(settings.MicroBatchSize, settings.Loop.BatchSize);
}
