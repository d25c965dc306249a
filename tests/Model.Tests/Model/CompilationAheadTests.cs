using Engine.Compute;
using Engine.Compute.Vector;
using ILGPU.Backends.EntryPoints;
using Xunit;

namespace Engine.Model.Tests.Model;

/// <summary>Models whose kernels are compiled while their weights are read are those whose kernels are not.</summary>
public sealed class CompilationAheadTests
{
    private static readonly int[] Lengths = [5, 33, 17, 64, 1, 12, 40];
    private static readonly ComputeDeviceOptions Ahead = new() { CompilesAhead = true };

    [Theory]
    [InlineData(TrainedPart.All)]
    [InlineData(TrainedPart.Head)]
    [InlineData(TrainedPart.Nothing)]
    public void Kernels_compiled_ahead_are_those_that_are_used_and_change_no_bit(TrainedPart trained)
    {
        var (expected, used) = Ordinary(trained);
        using var device = ComputeDevice.Open("cpu", Ahead);
        using var model = Load(device, trained);

        // Those that are still compiled are waited for; one too few, and this fails after the two minutes.
        SpinWait.SpinUntil(() => device.CompiledKernels >= used, TimeSpan.FromMinutes(2));
        Assert.Equal(used, device.CompiledKernels);
        Assert.Equal(expected, Use(model, trained));
        Assert.Equal(used, device.CompiledKernels);
    }

    [Theory]
    [InlineData(TrainedPart.All, "Embedding", false)]
    [InlineData(TrainedPart.All, "Attention", true)]
    [InlineData(TrainedPart.Head, "CrossEntropy", true)]
    public void A_kernel_that_fails_ahead_leaves_a_model_as_it_was_loaded(TrainedPart trained, string kernel, bool isBackward)
    {
        var compiler = new FailingCompiler(name => name.Contains(kernel, StringComparison.Ordinal) && name.Contains("Backward", StringComparison.Ordinal) == isBackward);
        using var device = ComputeDevice.Open("cpu", Ahead with { Compiler = compiler });
        using var model = Load(device, trained);
        Assert.True(compiler.Failures > 0, "The kernel was not asked for while the model was loaded.");

        // No forward pass came before, whatever was gone through.
        Assert.Throws<InvalidOperationException>(model.Backward);
        Assert.Null(model.FindNonFinite());
        var exception = Assert.ThrowsAny<Exception>(() => Use(model, trained));
        Assert.Contains("fails here", exception.Message, StringComparison.Ordinal);

        compiler.IsRepaired = true;
        using var repaired = Load(device, trained);
        Assert.Equal(Ordinary(trained).Results, Use(repaired, trained));
    }

    [Fact]
    public void Models_on_devices_that_load_at_once_have_the_bits_of_one_that_loads_alone()
    {
        TrainedPart[] parts = [TrainedPart.All, TrainedPart.Nothing, TrainedPart.Head];
        float[][] expected = [.. parts.Select(part => Ordinary(part).Results)];
        using var first = ComputeDevice.Open("cpu", Ahead);
        using var second = ComputeDevice.Open("cpu", Ahead);
        using var start = new Barrier(2 * parts.Length);
        var results = new float[2 * parts.Length][];
        var threads = Enumerable.Range(0, results.Length).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            using var model = Load(i % 2 == 0 ? first : second, parts[i / 2]);
            results[i] = Use(model, parts[i / 2]);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        for (int i = 0; i < results.Length; i++)
            Assert.Equal(expected[i / 2], results[i]);
        Assert.Equal(first.CompiledKernels, second.CompiledKernels);
    }

    [Fact]
    public void Weights_that_are_damaged_are_said_to_be_and_the_device_serves_on()
    {
        using var folder = new Data.TemporaryFolder();
        foreach (string file in new[] { "config.json", "model.safetensors" })
            File.Copy(Path.Combine(Fixtures.At("models", "wide"), file), folder.File(file));
        using (var weights = File.OpenWrite(folder.File("model.safetensors")))
            weights.SetLength(weights.Length - 1000);
        string Message(ComputeDevice device) => Assert.Throws<ModelException>(() => Load(device, TrainedPart.All, folder.Path)).Message;
        using var ordinary = ComputeDevice.Open("cpu");
        using var ahead = ComputeDevice.Open("cpu", Ahead);
        Assert.Equal(Message(ordinary), Message(ahead));
        using var model = Load(ahead, TrainedPart.Nothing);
        Assert.Equal(Ordinary(TrainedPart.Nothing).Results, Use(model, TrainedPart.Nothing));
    }

    private static (float[] Results, int Kernels) Ordinary(TrainedPart trained)
    {
        using var device = ComputeDevice.Open("cpu");
        using var model = Load(device, trained);
        return (Use(model, trained), device.CompiledKernels!.Value);
    }

    private static BertModel Load(ComputeDevice device, TrainedPart trained, string? folder = null) => BertModel.Load(
        device, folder ?? Fixtures.At("models", "wide"), new HeadOptions(HeadKind.PooledSoftmax, ["0", "1"], 0.1f), 21, new BatchLimits(Lengths.Sum(), Lengths.Length), trained);

    /// <summary>Three steps, or passes where nothing is trained: the last features and all parameters.</summary>
    private static float[] Use(BertModel model, TrainedPart trained)
    {
        var features = new float[Lengths.Length * model.Configuration.HiddenSize];
        for (int step = 0; step < 3; step++)
        {
            var batch = Batches.Random(model.Configuration, Lengths, (ulong)step);
            model.Forward(batch, allStates: false);
            model.ReadFeatures(features);
            if (trained == TrainedPart.Nothing)
                continue;
            var pass = new TrainingPass(21, step, Lengths.Length);
            if (trained == TrainedPart.All)
                model.ForwardTraining(batch, pass);
            else
                model.ForwardHeadTraining(features, batch.Labels.Span, pass);
            model.Backward();
            model.OptimizerStep(new OptimizerSettings(), 1e-3, step);
        }

        return [.. features, .. model.Parameters.Tensors.SelectMany(t => model.ReadParameter(t.Name))];
    }

    /// <summary>The ordinary compiler, which does not take some kernels until it is repaired.</summary>
    private sealed class FailingCompiler(Func<string, bool> fails) : IVectorCompiler
    {
        private readonly VectorCompiler compiler = new();
        private int failures;

        public bool IsRepaired { get; set; }

        public int Failures => failures;

        public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options)
        {
            if (!IsRepaired && fails(KernelNames.Of(entryPoint)))
            {
                Interlocked.Increment(ref failures);
                throw new NotSupportedException("it fails here");
            }

            return compiler.Import(entryPoint, source, layout, options);
        }
    }
}
