using Engine.Kernels;
using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Model.Tests.Conversion;
using Engine.Model.Tests.Reference;
using Engine.Model.Training;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Model.Tests.Training;

/// <summary>
/// The classic script's fits, as Keras made them in single precision, by the code that <c>convert</c>, <c>train</c> and <c>predict</c> run.
/// PyTorch in double precision agrees with Keras to 6e-6 in batch losses, 2.4e-7 of the norm in the head's weights and 4e-6 in predictions: that much
/// is Keras's own rounding. Ours comes on top (Adam makes as much of an error in a gradient near 0 as in a large one, and twelve steps carry it on), so
/// that the tolerances are five times Keras's. What they catch, the largest error in batch losses of a fit with the encoder trained: the other
/// bias correction and epsilon of <see cref="AdamForm.HuggingFaceAdamW"/> 2.9e-4, decay 0.01 9e-5, GELU with erf 2.6e-4, clipping to 1 0.2.
/// </summary>
[Collection(ModelDevices.Collection)]
public sealed class KerasFitTests(ModelDevices devices, ITestOutputHelper output) : IDisposable
{
    private const double LossTolerance = 3e-5;
    private const double WeightTolerance = 1.2e-6;
    private const double PredictionTolerance = 2e-5;

    private readonly Conversions _conversions = new();

    public void Dispose() => _conversions.Dispose();

    [Theory]
    [InlineData("cls", "frozen")]
    [InlineData("cls", "trained")]
    [InlineData("pooled", "frozen")]
    [InlineData("pooled", "trained")]
    public void The_fit_is_Keras_s(string head, string encoder)
    {
        using KerasFit keras = new();
        string fit = $"{head}.{encoder}";
        FineTuningSettings settings = new()
        {
            Head = head == "cls" ? HeadKind.ClsSigmoid : HeadKind.PooledSigmoid,
            HeadDropout = 0,
            EncoderDropout = 0,
            Trained = encoder == "frozen" ? TrainedPart.Head : TrainedPart.All,
            Optimizer = new OptimizerSettings(AdamForm.KerasAdam, WeightDecay: 0, MaxGradientNorm: 0),
            Loop = new TrainingSettings
            {
                BatchSize = 4,
                Shuffle = false,
                LearningRate = 1e-3,
                Schedule = ScheduleKind.Constant,
                Warmup = 0,
                KeepBestEpoch = false,
            },
        };
        using FineTuning run = FineTuning.Prepare(
            devices.Get("cpu"), _conversions.OfLayout("hub-v4-no-mlm"), settings, new LabelMap(["0", "1"]), keras.Training, keras.Validation);
        string name = head == "cls" ? "engine.head" : "classifier";
        run.Model.WriteParameter($"{name}.weight", keras[$"{head}.kernel"]);
        run.Model.WriteParameter($"{name}.bias", keras[$"{head}.bias"]);
        List<double> losses = [];
        double before = 0;
        TrainingResult result = run.Run(onStep: at =>
        {
            // The running mean of batches of one size, turned back into the batch's own mean.
            double sum = at.Loss * at.StepInEpoch;
            losses.Add(sum - (at.StepInEpoch == 1 ? 0 : before));
            before = sum;
        });

        AssertNear("batch losses", losses, keras[$"{fit}.batch_loss"], LossTolerance);
        AssertNear("epoch losses", result.Epochs.Select(epoch => epoch.TrainingLoss), keras[$"{fit}.epoch_loss"], LossTolerance);
        AssertNear("validation losses", result.Epochs.Select(epoch => epoch.Validation!.Loss), keras[$"{fit}.val_loss"], LossTolerance);
        Assert.Equal(keras[$"{fit}.epoch_accuracy"], result.Epochs.Select(epoch => (float)epoch.TrainingAccuracy));
        Assert.Equal(keras[$"{fit}.val_accuracy"], result.Epochs.Select(epoch => (float)epoch.Validation!.Accuracy));
        float[] weights = [.. run.Model.ReadParameter($"{name}.weight"), .. run.Model.ReadParameter($"{name}.bias")];
        double weightError = Norms.RelativeError(weights, [.. keras[$"{fit}.kernel"], .. keras[$"{fit}.bias"]]);
        output.WriteLine($"head weights {weightError:E2}");
        Assert.InRange(weightError, 0, WeightTolerance);

        string saved = Path.Combine(_conversions.Path, "trained");
        run.Save(saved);
        (float[] probabilities, _) = TextClassifier.Open(saved).Classify(devices.Get("cpu"), keras.All.Texts, null);
        float[] predictions = [.. probabilities.Where((_, i) => i % 2 == 1)];
        AssertNear("predictions", predictions.Select(p => (double)p), keras[$"{fit}.predictions"], PredictionTolerance);
    }

    private void AssertNear(string what, IEnumerable<double> actual, float[] expected, double tolerance)
    {
        double[] values = [.. actual];
        Assert.Equal(expected.Length, values.Length);
        double worst = values.Zip(expected, (value, reference) => Math.Abs(value - reference) / Math.Abs(reference)).Max();
        output.WriteLine($"{what} {worst:E2}");
        Assert.True(worst <= tolerance, $"{what}: relative error {worst:E2}, at most {tolerance} was expected");
    }
}
