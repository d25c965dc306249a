using System.CommandLine;
using Engine.Kernels;
using Engine.Model;
using Engine.Model.Training;

namespace Engine.Runner.Options;

/// <summary>How <c>engine train</c> trains.</summary>
internal sealed class TrainingOptions
{
    private static readonly Dictionary<string, ScheduleKind> Schedules = new()
    {
        ["linear"] = ScheduleKind.Linear,
        ["constant"] = ScheduleKind.Constant,
        ["cosine"] = ScheduleKind.Cosine,
    };

    private static readonly Dictionary<string, AdamForm> Optimizers = new()
    {
        ["adamw"] = AdamForm.HuggingFaceAdamW,
        ["bert"] = AdamForm.BertAdam,
        ["keras"] = AdamForm.KerasAdam,
    };

    private readonly Option<string> _head = OptionFactory.Choice(
        "--head", "pooled",
        "What stands on the encoder: pooled (pooler, dropout, softmax: transformers' BertForSequenceClassification), cls ([CLS] state) or mean (mean of the states); "
        + "these two take a sigmoid for two classes and a softmax for more. The others name it exactly.",
        ["pooled", "cls", "mean", "pooled-sigmoid", "cls-softmax", "mean-softmax"]);

    private readonly Option<bool> _freeze = OptionFactory.Switch("--freeze", "Train the head alone; the encoder runs once and its features are kept.");
    private readonly Option<int> _epochs = OptionFactory.Integer("--epochs", 3, 1, "How often every training row is seen.");
    private readonly Option<int> _batch = OptionFactory.Integer("--batch", 16, 1, "Rows of an optimizer step.");
    private readonly Option<int> _microBatch = OptionFactory.Integer(
        "--micro-batch", 0, 0, "Rows of one pass; the passes of a batch are added up: the same result with less memory. 0: the whole batch.");

    private readonly Option<int> _length = OptionFactory.Integer("--length", 160, 3, "Longest text in tokens, special tokens included.");
    private readonly Option<double> _rate = OptionFactory.Real("--rate", "RATE", 5e-5, "Learning rate after warm-up.", value => value > 0, "a number above 0");
    private readonly Option<string> _schedule = OptionFactory.Choice("--schedule", "linear", "What the learning rate does after warm-up.", Schedules.Keys);

    private readonly Option<double> _warmup = OptionFactory.Real(
        "--warmup", "PART", 0.1, "Part of all steps over which the learning rate rises from 0.", value => value is >= 0 and <= 1, "a number from 0 to 1");

    private readonly Option<string> _optimizer = OptionFactory.Choice(
        "--optimizer", "adamw", "Adam as Hugging Face (adamw), BERT's authors (bert) or Keras (keras) have it.", Optimizers.Keys);

    private readonly Option<double> _decay = OptionFactory.Real(
        "--decay", "PART", 0.01, "Weight decay; biases and layer-norms have none.", value => value >= 0, "a number of at least 0");

    private readonly Option<double> _clip = OptionFactory.Real(
        "--clip", "NORM", 1.0, "Largest norm of all gradients together; 0: no limit.", value => value >= 0, "a number of at least 0");

    private readonly Option<double?> _headDropout = new("--head-dropout")
    {
        HelpName = "PART",
        Description = "Dropout before the head's dense layer. [default: as the configuration says for a pooled head, else 0]",
    };

    private readonly Option<string> _keep = OptionFactory.Choice(
        "--keep", "best", "Which epoch's parameters are saved: those with the best validation accuracy, or the last ones.", ["best", "last"]);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        Option[] all = [_head, _freeze, _epochs, _batch, _microBatch, _length, _rate, _schedule, _warmup, _optimizer, _decay, _clip, _headDropout, _keep];
        foreach (Option option in all)
            command.Add(option);
        _headDropout.Validators.Add(result =>
        {
            if (result.Errors.Any())
                return;
            if (result.GetValueOrDefault<double?>() is double value && value is not (>= 0 and < 1))
                result.AddError($"--head-dropout {value}: a number from 0 to below 1 was expected");
        });
    }

    /// <summary>The settings that were given.</summary>
    public FineTuningSettings Settings(ParseResult parsed, ulong seed, int classes) => new()
    {
        Head = HeadOf(parsed.GetRequiredValue(_head), classes),
        HeadDropout = (float?)parsed.GetValue(_headDropout),
        Trained = parsed.GetValue(_freeze) ? TrainedPart.Head : TrainedPart.All,
        MaxLength = parsed.GetValue(_length),
        MicroBatchSize = parsed.GetValue(_microBatch),
        Optimizer = new OptimizerSettings(Optimizers[parsed.GetRequiredValue(_optimizer)], parsed.GetValue(_decay), parsed.GetValue(_clip)),
        Loop = new TrainingSettings
        {
            Epochs = parsed.GetValue(_epochs),
            BatchSize = parsed.GetValue(_batch),
            LearningRate = parsed.GetValue(_rate),
            WarmupFraction = parsed.GetValue(_warmup),
            Schedule = Schedules[parsed.GetRequiredValue(_schedule)],
            Seed = seed,
            KeepBestEpoch = parsed.GetValue(_keep) == "best",
        },
    };

    private static HeadKind HeadOf(string name, int classes) => name switch
    {
        "pooled" => HeadKind.PooledSoftmax,
        "cls" => classes == 2 ? HeadKind.ClsSigmoid : HeadKind.ClsSoftmax,
        "mean" => classes == 2 ? HeadKind.MeanSigmoid : HeadKind.MeanSoftmax,
        "pooled-sigmoid" => HeadKind.PooledSigmoid,
        "cls-softmax" => HeadKind.ClsSoftmax,
        _ => HeadKind.MeanSoftmax,
    };
}
