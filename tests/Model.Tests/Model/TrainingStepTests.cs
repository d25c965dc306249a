using System.Runtime.CompilerServices;
using Engine.Model.Tests.Reference;
using Xunit;

namespace Engine.Model.Tests.Model;

/// <summary>Training steps with dropout, gradient accumulation, frozen encoders, repeatability.</summary>
[Collection(ModelDevices.Collection)]
public sealed class TrainingStepTests(ModelDevices devices)
{
    private static readonly int[] Lengths = [5, 33, 17, 64, 1, 12, 40];

    public static TheoryData<HeadKind> Heads => [.. Enum.GetValues<HeadKind>()];

    [Theory]
    [MemberData(nameof(Heads))]
    public void Gradients_under_dropout_are_the_slope_of_the_loss(HeadKind kind)
    {
        using var model = Load("erf", Head(kind, 0.2f), TrainedPart.All, dropout: 0.15f);
        var batch = Batches.Random(model.Configuration, Lengths, 11, model.Configuration.Head!.Labels.Count);
        var pass = new TrainingPass(77, 3, Lengths.Length);
        model.ForwardTraining(batch, pass);
        model.Backward();

        // One tensor of every kind, moved along its own gradient: the slope is the gradient's norm.
        var tensors = model.Parameters.Tensors.Where(t => t.Trained && (t.IsHead || t.IsPooler || t.Name.StartsWith("embeddings", StringComparison.Ordinal)
            || t.Name.StartsWith("encoder.layer.0", StringComparison.Ordinal)) && !t.Name.EndsWith("key.bias", StringComparison.Ordinal));
        foreach (var tensor in tensors)
        {
            var gradient = model.ReadGradient(tensor.Name);
            double norm = Norms.Of(gradient);
            Assert.True(norm > 0, tensor.Name);
            var values = model.ReadParameter(tensor.Name);
            double Loss(double step)
            {
                model.WriteParameter(tensor.Name, [.. values.Select((value, i) => (float)(value + step * gradient[i] / norm))]);
                model.ForwardTraining(batch, pass);
                var losses = new float[Lengths.Length];
                model.ReadLosses(losses);
                return losses.Average(loss => (double)loss);
            }

            // Central differences at h and h / 2, combined: their error is of order h^4 and, by rounding, 1e-7 / h.
            const double H = 1.0 / 64;
            double coarse = (Loss(H) - Loss(-H)) / (2 * H);
            double fine = (Loss(H / 2) - Loss(-H / 2)) / H;
            double slope = (4 * fine - coarse) / 3;
            model.WriteParameter(tensor.Name, values);
            Assert.True(Math.Abs(slope - norm) <= 5e-3 * norm + 1e-4, $"{kind}, {tensor.Name}: slope {slope}, norm of the gradient {norm}");
        }
    }

    [Theory]
    [InlineData(HeadKind.PooledSoftmax)]
    [InlineData(HeadKind.MeanSigmoid)]
    public void A_batch_in_parts_has_the_gradients_of_the_whole(HeadKind kind)
    {
        using var model = Load("tanh", Head(kind, 0.1f), TrainedPart.All, dropout: 0.1f);
        var batch = Batches.Random(model.Configuration, Lengths, 12, model.Configuration.Head!.Labels.Count);
        model.ForwardTraining(batch, new TrainingPass(5, 9, Lengths.Length));
        model.Backward();
        var whole = Gradients(model);
        int first = 0;
        foreach (int count in new[] { 3, 1, 3 })
        {
            var part = Batches.Part(batch, first, count);
            model.ForwardTraining(part, new TrainingPass(5, 9, Lengths.Length, batch.SequenceOffsets.Span[first], first));
            model.Backward();
            first += count;
        }

        double total = Norms.Of(whole.Values.SelectMany(values => values));
        foreach (var (name, gradient) in Gradients(model))
        {
            double error = Norms.OfDifference(gradient, whole[name]) / Math.Max(Norms.Of(whole[name]), 1e-3 * total);
            Assert.True(error <= 1e-5, $"{name}: {error:E2}");
        }
    }

    [Fact]
    public void Dropout_draws_new_masks_for_every_step_and_seed()
    {
        using var model = Load("erf", Head(HeadKind.PooledSoftmax, 0.1f), TrainedPart.All, dropout: 0.1f);
        var batch = Batches.Random(model.Configuration, Lengths, 13);
        float[] Losses(ulong seed, int step)
        {
            model.ForwardTraining(batch, new TrainingPass(seed, step, Lengths.Length));
            var losses = new float[Lengths.Length];
            model.ReadLosses(losses);
            return losses;
        }

        Assert.Equal(Losses(1, 0), Losses(1, 0));
        Assert.NotEqual(Losses(1, 0), Losses(1, 1));
        Assert.NotEqual(Losses(1, 0), Losses(2, 0));
    }

    [Fact]
    public void Two_runs_with_one_seed_have_the_same_bits_whatever_the_number_of_threads()
    {
        float[] Train(int threads)
        {
            using var model = BertModel.Load(
                devices.Get("cpu", threads),
                Fixtures.At("models", "wide"),
                Head(HeadKind.PooledSoftmax, 0.1f),
                21,
                new BatchLimits(Lengths.Sum(), Lengths.Length),
                TrainedPart.All);
            for (int step = 0; step < 3; step++)
            {
                model.ForwardTraining(
                    Batches.Random(model.Configuration, Lengths, (ulong)step), new TrainingPass(21, step, Lengths.Length));
                model.Backward();
                model.OptimizerStep(new OptimizerSettings(), 1e-3, step);
            }

            return [.. model.Parameters.Tensors.SelectMany(t => model.ReadParameter(t.Name))];
        }

        var one = Train(1);
        Assert.True(one.AsSpan().SequenceEqual(Train(2)), "one thread and two");
        Assert.True(one.AsSpan().SequenceEqual(Train(3)), "one thread and three");
        Assert.True(one.AsSpan().SequenceEqual(Train(1)), "twice");
    }

    [Fact]
    public void Nothing_is_compiled_after_the_first_step_whatever_the_batch()
    {
        using var device = Engine.Compute.ComputeDevice.Open("cpu");
        using var model = BertModel.Load(
            device, Fixtures.At("models", "wide"), Head(HeadKind.PooledSoftmax, 0.1f), 21, new BatchLimits(Lengths.Sum(), Lengths.Length), TrainedPart.All);
        void Step(int step, int[] lengths)
        {
            model.ForwardTraining(Batches.Random(model.Configuration, lengths, (ulong)step), new TrainingPass(21, step, lengths.Length));
            model.Backward();
            model.OptimizerStep(new OptimizerSettings(), 1e-3, step);
        }
        Step(0, [16, 16, 16, 16]);
        int? compiled = device.CompiledKernels;
        Step(1, Lengths);
        Step(2, [1]);
        Step(3, [33, 64]);
        Assert.Equal(compiled, device.CompiledKernels);
        Assert.Empty(device.KernelsRunByThread);
    }

    [Fact]
    public void A_second_model_on_a_device_compiles_nothing()
    {
        using var device = Engine.Compute.ComputeDevice.Open("cpu");
        float[] first = Train();
        int? compiled = device.CompiledKernels;
        Assert.True(compiled > 0);

        // What only the first model held is gone.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.Equal(first, Train());
        Assert.Equal(compiled, device.CompiledKernels);

        [MethodImpl(MethodImplOptions.NoInlining)]
        float[] Train()
        {
            using var model = BertModel.Load(
                device, Fixtures.At("models", "wide"), Head(HeadKind.PooledSoftmax, 0.1f), 21, new BatchLimits(Lengths.Sum(), Lengths.Length), TrainedPart.All);
            model.ForwardTraining(Batches.Random(model.Configuration, Lengths, 0), new TrainingPass(21, 0, Lengths.Length));
            model.Backward();
            model.OptimizerStep(new OptimizerSettings(), 1e-3, 0);
            float[] probabilities = new float[Lengths.Length * 2];
            model.Forward(Batches.Random(model.Configuration, Lengths, 1));
            model.ReadProbabilities(probabilities);
            return probabilities;
        }
    }

    [Fact]
    public void Two_steps_and_a_prediction_pass_checked_mode_and_lose_what_they_lose_outside_of_it()
    {
        float[] Losses(Engine.Compute.ComputeDeviceOptions options)
        {
            using var device = Engine.Compute.ComputeDevice.Open("cpu", options with { VectorBits = 128 });
            using var model = BertModel.Load(
                device, Fixtures.At("models", "tanh"), Head(HeadKind.PooledSoftmax, 0.1f), 21, new BatchLimits(Lengths.Sum(), Lengths.Length), TrainedPart.All);
            var losses = new List<float>();
            for (int step = 0; step < 2; step++)
            {
                model.ForwardTraining(Batches.Random(model.Configuration, Lengths, (ulong)step), new TrainingPass(21, step, Lengths.Length));
                var each = new float[Lengths.Length];
                model.ReadLosses(each);
                losses.AddRange(each);
                model.Backward();
                model.OptimizerStep(new OptimizerSettings(), 1e-3, step);
            }

            device.Synchronize();
            return [.. losses];
        }

        Assert.Equal(Losses(new()), Losses(new() { Checked = true, ThreadOrder = Engine.Compute.ThreadOrder.Seeded, ThreadOrderSeed = 5 }));
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public void A_frozen_encoder_trains_the_head_from_features_as_from_texts(HeadKind kind)
    {
        var batch = default(PackedBatch);
        float[] Train(bool fromFeatures)
        {
            using var model = Load("erf", Head(kind, 0.3f), TrainedPart.Head, dropout: 0.1f);
            batch = Batches.Random(model.Configuration, Lengths, 14, model.Configuration.Head!.Labels.Count);
            var features = new float[Lengths.Length * model.Configuration.HiddenSize];
            model.Forward(batch);
            model.ReadFeatures(features);
            for (int step = 0; step < 3; step++)
            {
                var pass = new TrainingPass(4, step, Lengths.Length);
                if (fromFeatures)
                    model.ForwardHeadTraining(features, batch.Labels.Span, pass);
                else
                    model.ForwardTraining(batch, pass);
                model.Backward();
                model.OptimizerStep(new OptimizerSettings(), 1e-2, step);
            }

            model.ForwardHead(features, batch.Labels.Span);
            var logits = new float[Lengths.Length * model.Configuration.Head!.Outputs];
            model.ReadLogits(logits);
            model.Forward(batch);
            var again = new float[logits.Length];
            model.ReadLogits(again);
            Assert.Equal(again, logits);
            Assert.All(model.Parameters.Tensors, t => Assert.Equal(t.IsHead, t.Trained));
            return logits;
        }

        Assert.Equal(Train(true), Train(false));
    }

    [Fact]
    public void The_loss_falls_and_a_snapshot_puts_everything_back()
    {
        using var model = Load("erf", Head(HeadKind.MeanSoftmax, 0f), TrainedPart.All, dropout: 0f);
        var batch = Batches.Random(model.Configuration, Lengths, 15, 3);
        double Loss()
        {
            model.Forward(batch);
            var losses = new float[Lengths.Length];
            model.ReadLosses(losses);
            return losses.Average(loss => (double)loss);
        }

        double before = Loss();
        var snapshot = model.Snapshot();
        for (int step = 0; step < 20; step++)
        {
            model.ForwardTraining(batch, new TrainingPass(1, step, Lengths.Length));
            model.Backward();
            model.OptimizerStep(new OptimizerSettings(), 2e-3, step);
        }

        Assert.True(Loss() < 0.2 * before);
        Assert.Null(model.FindNonFinite());
        model.Restore(snapshot);
        Assert.Equal(before, Loss());
    }

    [Fact]
    public void What_is_not_finite_is_named()
    {
        using var model = Load("erf", Head(HeadKind.ClsSoftmax, 0f), TrainedPart.All, dropout: 0f);
        var batch = Batches.Random(model.Configuration, Lengths, 16, 3);
        string name = "encoder.layer.1.intermediate.dense.weight";
        var values = model.ReadParameter(name);
        values[7] = float.NaN;
        model.WriteParameter(name, values);
        model.ForwardTraining(batch, new TrainingPass(1, 0, Lengths.Length));
        Assert.Contains(name, model.FindNonFinite(), StringComparison.Ordinal);

        // Finite parameters whose products overflow.
        model.WriteParameter(name, [.. values.Select(_ => 3e38f)]);
        model.ForwardTraining(batch, new TrainingPass(1, 0, Lengths.Length));
        Assert.Equal("layer 1", model.FindNonFinite());
    }

    private static HeadOptions Head(HeadKind kind, float dropout) =>
        new(kind, kind.ToString().EndsWith("Sigmoid", StringComparison.Ordinal) ? ["a", "b"] : ["a", "b", "c"], dropout);

    private static Dictionary<string, float[]> Gradients(BertModel model) =>
        model.Parameters.Tensors.Where(t => t.Trained).ToDictionary(t => t.Name, t => model.ReadGradient(t.Name));

    /// <summary>A small model of the fixtures, with other dropout, and with head weights large enough to matter.</summary>
    private BertModel Load(string name, HeadOptions head, TrainedPart trained, float dropout)
    {
        using var folder = new Data.TemporaryFolder();
        foreach (string file in new[] { "config.json", "model.safetensors" })
            File.Copy(Path.Combine(Fixtures.At("models", name), file), folder.File(file));
        folder.Write("config.json", File.ReadAllText(folder.File("config.json"))
            .Replace("_prob\": 0.0", $"_prob\": {dropout}", StringComparison.Ordinal)
            .Replace("\"initializer_range\": 0.02", "\"initializer_range\": 0.3", StringComparison.Ordinal));
        var model = BertModel.Load(devices.Get("cpu"), folder.Path, head, 2, new BatchLimits(Lengths.Sum(), Lengths.Length), trained);
        Assert.Equal(dropout, model.Configuration.HiddenDropout);
        return model;
    }
}
