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
        ["plateau"] = ScheduleKind.Plateau,
    };

    private static readonly Dictionary<string, AdamForm> Optimizers = new()
    {
        ["adamw"] = AdamForm.HuggingFaceAdamW,
        ["bert"] = AdamForm.BertAdam,
        ["keras-adam"] = AdamForm.KerasAdam,
        ["keras"] = AdamForm.KerasAdam,
    };

    private static readonly Dictionary<string, HeadInitializer> Initializers = new()
    {
        ["normal"] = HeadInitializer.Normal,
        ["glorot-uniform"] = HeadInitializer.GlorotUniform,
    };

    /// <summary>Heads by name: for two classes, and for more.</summary>
    private static readonly Dictionary<string, (HeadKind ForTwo, HeadKind ForMore)> Heads = new()
    {
        ["pooled"] = (HeadKind.PooledSoftmax, HeadKind.PooledSoftmax),
        ["cls"] = (HeadKind.ClsSigmoid, HeadKind.ClsSoftmax),
        ["mean"] = (HeadKind.MeanSigmoid, HeadKind.MeanSoftmax),
        ["pooled-sigmoid"] = (HeadKind.PooledSigmoid, HeadKind.PooledSigmoid),
        ["pooled-softmax"] = (HeadKind.PooledSoftmax, HeadKind.PooledSoftmax),
        ["cls-sigmoid"] = (HeadKind.ClsSigmoid, HeadKind.ClsSigmoid),
        ["cls-softmax"] = (HeadKind.ClsSoftmax, HeadKind.ClsSoftmax),
        ["mean-sigmoid"] = (HeadKind.MeanSigmoid, HeadKind.MeanSigmoid),
        ["mean-softmax"] = (HeadKind.MeanSoftmax, HeadKind.MeanSoftmax),
    };

    private readonly Option<string> _head = OptionFactory.Choice(
        "--head", "pooled",
        "What stands on the encoder: pooled (pooler, dropout, softmax: transformers' BertForSequenceClassification), cls ([CLS] state) or mean (mean of the states); "
        + "these two take a sigmoid for two classes and a softmax for more. The others name it exactly.",
        Heads.Keys);

    private readonly Option<string?> _initializer = OptionFactory.OptionalChoice(
        "--head-initializer",
        "How the head's first weights are drawn: as transformers does, with the configuration's deviation, or as Keras's Dense does. "
        + "[default: normal; with keras-adam glorot-uniform]",
        Initializers.Keys);

    private readonly Option<bool> _freeze = OptionFactory.Switch("--freeze", "Train the head alone; the encoder runs once and its features are kept.");
    private readonly Option<int> _epochs = OptionFactory.Integer("--epochs", 3, 1, "How often every training row is seen.");
    private readonly Option<int> _batch = OptionFactory.Integer("--batch", 16, 1, "Rows of an optimizer step.");
    private readonly Option<int> _microBatch = OptionFactory.Integer(
        "--micro-batch", 0, 0, "Rows of one pass; the passes of a batch are added up: the same result with less memory. 0: the whole batch.");

    private readonly Option<bool> _noShuffle = OptionFactory.Switch("--no-shuffle", "Take the rows in the file's order, in every epoch the same.");
    private readonly Option<int> _length = OptionFactory.MaxLength(160);
    private readonly Option<double> _rate = OptionFactory.Real(
        "--learning-rate", "RATE", 5e-5, "Learning rate after warm-up.", value => value > 0, "a number above 0", "--rate");

    private readonly Option<string?> _schedule = OptionFactory.OptionalChoice(
        "--schedule",
        "What the learning rate does after warm-up: fall to 0 along a line or half a cosine, stay, or be lowered whenever the validation loss no longer falls. "
        + "[default: linear; with keras-adam constant]",
        Schedules.Keys);

    private readonly Option<double?> _warmup = OptionFactory.OptionalReal(
        "--warmup", "PART|STEPS", "How long the learning rate rises from 0: below 1 a part of all steps, from 1 on their number. [default: 0.1; with keras-adam 0]",
        value => value is >= 0 and < 1 || (value >= 1 && double.IsInteger(value)), "a part from 0 to below 1, or a whole number of steps,");

    private readonly PlateauOptions _plateau = new();

    private readonly Option<string> _optimizer = OptionFactory.Choice(
        "--optimizer", "adamw", "Adam as Hugging Face (adamw), BERT's authors (bert) or Keras (keras-adam, for short keras) have it.", Optimizers.Keys);

    private readonly Option<double?> _decay = OptionFactory.OptionalReal(
        "--decay", "PART", "Weight decay; biases and layer-norms have none. [default: 0.01; with keras-adam 0]", value => value >= 0, "a number of at least 0");

    private readonly Option<double?> _clip = OptionFactory.OptionalReal(
        "--clip", "NORM", "Largest norm of all gradients together; 0: no limit. [default: 1; with keras-adam 0]", value => value >= 0, "a number of at least 0");

    private readonly Option<double?> _dropout = OptionFactory.OptionalReal(
        "--dropout", "PART", "Dropout before the head's dense layer. [default: as the configuration says for a pooled head, else 0]",
        value => value is >= 0 and < 1, "a number from 0 to below 1", "--head-dropout");

    private readonly Option<double?> _encoderDropout = OptionFactory.OptionalReal(
        "--encoder-dropout", "PART", "Dropout within the encoder, of states and attention. [default: as the configuration says; a frozen encoder has none]",
        value => value is >= 0 and < 1, "a number from 0 to below 1");

    private readonly Option<string> _keep = OptionFactory.Choice(
        "--keep", "best", "Which epoch's parameters are saved: those with the best validation accuracy, or the last ones.", ["best", "last"]);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        Option[] all =
        [
            _head, _initializer, _freeze, _dropout, _encoderDropout, _epochs, _batch, _microBatch, _noShuffle, _length, _optimizer, _decay, _clip, _rate, _schedule, _warmup,
        ];
        foreach (Option option in all)
            command.Add(option);
        _plateau.AddTo(command);
        command.Add(_keep);
    }

    /// <summary>The settings that were given.</summary>
    /// <exception cref="ModelException">Two options do not go together.</exception>
    public FineTuningSettings Settings(ParseResult parsed, ulong seed, int classes)
    {
        bool freeze = parsed.GetValue(_freeze);
        if (freeze && parsed.GetValue(_encoderDropout) is not null)
            throw new ModelException("--encoder-dropout: with --freeze the encoder runs without dropout; leave one of them out.");
        AdamForm form = Optimizers[parsed.GetRequiredValue(_optimizer)];
        // Keras's Adam comes as Keras runs it: no decay, no clipping, a rate that stays, Dense's first weights.
        bool keras = form == AdamForm.KerasAdam;
        (HeadKind forTwo, HeadKind forMore) = Heads[parsed.GetRequiredValue(_head)];
        ScheduleKind schedule = Schedules[parsed.GetValue(_schedule) ?? (keras ? "constant" : "linear")];
        return new FineTuningSettings
        {
            Head = classes == 2 ? forTwo : forMore,
            Initializer = Initializers[parsed.GetValue(_initializer) ?? (keras ? "glorot-uniform" : "normal")],
            HeadDropout = (float?)parsed.GetValue(_dropout),
            EncoderDropout = (float?)parsed.GetValue(_encoderDropout),
            Trained = freeze ? TrainedPart.Head : TrainedPart.All,
            MaxLength = parsed.GetValue(_length),
            MicroBatchSize = parsed.GetValue(_microBatch),
            Optimizer = new OptimizerSettings(form, parsed.GetValue(_decay) ?? (keras ? 0 : 0.01), parsed.GetValue(_clip) ?? (keras ? 0 : 1)),
            Loop = new TrainingSettings
            {
                Epochs = parsed.GetValue(_epochs),
                BatchSize = parsed.GetValue(_batch),
                Shuffle = !parsed.GetValue(_noShuffle),
                LearningRate = parsed.GetValue(_rate),
                Warmup = parsed.GetValue(_warmup) ?? (keras ? 0 : 0.1),
                Schedule = schedule,
                Plateau = _plateau.Settings(parsed, schedule),
                Seed = seed,
                KeepBestEpoch = parsed.GetValue(_keep) == "best",
            },
        };
    }
}
