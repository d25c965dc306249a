using Engine.Compute;
using Engine.Model.Checkpoints;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <summary>
/// A BERT on a device: loaded from a folder in Hugging Face layout, run on packed batches, trained, saved. All memory is planned when it is
/// loaded; a step allocates nothing on the device.
/// </summary>
/// <remarks>
/// A training step is <see cref="ForwardTraining"/> and <see cref="Backward"/>, once or for every part of a logical batch, then
/// <see cref="OptimizerStep"/>. With a frozen encoder, features are computed once (<see cref="Forward"/>, <see cref="ReadFeatures"/>) and
/// steps start from them (<see cref="ForwardHeadTraining"/>). Calls enqueue work on the device's stream; those that read wait for it.
/// </remarks>
public sealed partial class BertModel : IDisposable
{
    private readonly ComputeDevice device;
    private readonly TrainedPart trained;
    private readonly bool keepsStates;
    private readonly string sourceFolder;
    private readonly ParameterArena arena;
    private readonly ModelKernels kernels;
    private readonly DeviceArena activationArena;
    private readonly DeviceBatch batch;
    private readonly BertEncoder encoder;
    private readonly ClassifierHead head;
    private readonly MaskedLanguageHead? maskedLanguage;
    private readonly NextSentenceHead? nextSentence;
    private readonly MemoryBuffer1D<float, Stride1D.Dense>? gradientNorm;

    private BertModel(
        ComputeDevice device,
        string folder,
        BertConfiguration configuration,
        ParameterArena arena,
        BatchLimits limits,
        TrainedPart trained,
        bool keepStates)
    {
        this.device = device;
        this.trained = trained;
        keepsStates = keepStates || trained == TrainedPart.All;
        this.arena = arena;
        sourceFolder = folder;
        Configuration = configuration;
        Limits = limits;
        kernels = new ModelKernels(device, configuration, limits);
        batch = new DeviceBatch(device, configuration, limits);
        activationArena = new DeviceArena(device);
        var activations = new EncoderActivations(activationArena, configuration, limits, trained == TrainedPart.All, keepStates);
        head = new ClassifierHead(configuration, kernels, arena.Layout, activationArena, limits, device.Stream, arena.Parameters, arena.Gradients);
        if (arena.Layout.MaskedLanguage is { } tokens)
            maskedLanguage = new MaskedLanguageHead(device, configuration, kernels, tokens, arena.Parameters, activationArena);
        if (arena.Layout.NextSentence is var (weight, bias))
        {
            nextSentence = new NextSentenceHead(
                configuration.HiddenSize, kernels, weight.In(arena.Parameters), bias.In(arena.Parameters), limits.MaxSequences, activationArena);
        }

        activationArena.Allocate();
        encoder = new BertEncoder(
            configuration,
            kernels,
            activations,
            arena.Layout,
            arena.Parameters,
            trained == TrainedPart.All ? arena.Gradients : default);
        kernels.Reserve(configuration, limits, arena.Layout, trained);
        if (trained != TrainedPart.Nothing)
            gradientNorm = device.Accelerator.Allocate1D<float>(2);
    }

    /// <summary>The model's shape and head.</summary>
    public BertConfiguration Configuration { get; }

    /// <summary>The largest batch.</summary>
    public BatchLimits Limits { get; }

    /// <summary>The parameters' names, shapes and places.</summary>
    public ParameterLayout Parameters => arena.Layout;

    /// <summary>The names of tensors that the folder did not hold and that were drawn from the seed.</summary>
    public IReadOnlyList<string> NewTensors { get; private init; } = [];

    /// <summary>The device memory that was planned, in bytes: parameters, gradients, moments and activations.</summary>
    public long DeviceBytes =>
        sizeof(float) * ((long)arena.Layout.Length + 3L * arena.Layout.TrainedLength) + activationArena.ByteCount;

    /// <summary>Loads a model.</summary>
    /// <param name="device">The device to run on; it stays the caller's.</param>
    /// <param name="folder">A folder in Hugging Face layout.</param>
    /// <param name="newHead">A head to be trained, its weights drawn from the seed; null: the folder's head, or none if it has none.</param>
    /// <param name="seed">Decides the values of new weights.</param>
    /// <param name="limits">The largest batch to come.</param>
    /// <param name="trained">What training will change.</param>
    /// <param name="keepStates">Whether the states of all layers are kept, for <see cref="ReadHiddenStates"/>; an encoder that is trained keeps them anyway.</param>
    /// <param name="encoderDropout">Dropout within the encoder, of states and attention probabilities; null: as the configuration says.</param>
    /// <exception cref="ModelException">The folder holds no BERT, is damaged, or the device has too little memory.</exception>
    public static BertModel Load(
        ComputeDevice device,
        string folder,
        HeadOptions? newHead,
        ulong seed,
        BatchLimits limits,
        TrainedPart trained = TrainedPart.Nothing,
        bool keepStates = false,
        float? encoderDropout = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        CheckLimits(limits);
        newHead?.Validate();
        var configuration = BertConfiguration.Load(folder);
        if (newHead is not null)
            configuration = configuration with { Head = newHead };
        if (encoderDropout is float dropout)
            configuration = configuration with { HiddenDropout = dropout, AttentionDropout = dropout };
        if (configuration.Head is null && trained != TrainedPart.Nothing)
            throw new ModelException($"{folder}: has no classification head, expected one for training; give a new head");

        using var file = ModelFolder.OpenWeights(folder);
        var names = new TensorNames(file);
        bool usesPooler = configuration.Head?.Pooling == Pooling.Pooled;
        var layout = new ParameterLayout(configuration, configuration.Head, names.HasPooler || usesPooler, trained);
        bool IsNew(ParameterTensor tensor) => tensor.IsHead ? newHead is not null : tensor.IsPooler && !names.HasPooler;
        return Load(device, folder, configuration, layout, new ParameterSource(names, IsNew, seed), limits, trained, keepStates);
    }

    /// <summary>Writes the model in Hugging Face layout, with the tokenizer's files of the folder that it came from. Every file is written atomically.</summary>
    /// <param name="folder">The folder; made where it does not exist.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <exception cref="ModelException">Something cannot be written.</exception>
    public void Save(string folder, TensorType type = TensorType.F32) =>
        ModelFolder.Write(folder, sourceFolder, Configuration, arena, type);

    /// <summary>Copies a tensor's values, in the order of files ([out, in] for dense layers).</summary>
    /// <param name="name">A name of <see cref="Parameters"/>.</param>
    /// <exception cref="ArgumentException">There is no such tensor.</exception>
    public float[] ReadParameter(string name)
    {
        var tensor = Tensor(name);
        var values = new float[tensor.Count];
        arena.Read(arena.Parameters, tensor, 0, values);
        return values;
    }

    /// <summary>Copies a tensor's gradient, in the order of files.</summary>
    /// <param name="name">The name of a trained tensor of <see cref="Parameters"/>.</param>
    /// <exception cref="ArgumentException">There is no such tensor, or it is not trained.</exception>
    public float[] ReadGradient(string name)
    {
        var tensor = Tensor(name);
        if (!tensor.Trained)
            throw new ArgumentException($"Tensor \"{name}\" is not trained.", nameof(name));
        var values = new float[tensor.Count];
        arena.Read(arena.Gradients, tensor, 0, values);
        return values;
    }

    /// <summary>Replaces a tensor's values.</summary>
    /// <param name="name">A name of <see cref="Parameters"/>.</param>
    /// <param name="values">As many as the tensor has, in the order of files.</param>
    /// <exception cref="ArgumentException">There is no such tensor, or it has another number of values.</exception>
    public void WriteParameter(string name, ReadOnlySpan<float> values)
    {
        var tensor = Tensor(name);
        if (values.Length != tensor.Count)
            throw new ArgumentException($"{values.Length} values for tensor \"{name}\" of {tensor.Count}", nameof(values));
        arena.Write(tensor, values);
    }

    /// <summary>Copies the trained parameters to the host, to be put back by <see cref="Restore"/>.</summary>
    /// <param name="reuse">An earlier snapshot of this model whose memory may be taken.</param>
    public ParameterSnapshot Snapshot(ParameterSnapshot? reuse = null)
    {
        var values = reuse?.Values is { } old && old.Length == arena.Layout.TrainedLength ? old : new float[arena.Layout.TrainedLength];
        if (values.Length > 0)
            arena.Parameters.SubView(0, values.Length).CopyToCPU(device.Stream, values);
        device.Synchronize();
        return new ParameterSnapshot(values);
    }

    /// <summary>Puts parameters back.</summary>
    /// <param name="snapshot">A snapshot of this model.</param>
    public void Restore(ParameterSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentOutOfRangeException.ThrowIfNotEqual(snapshot.Values.Length, arena.Layout.TrainedLength);
        if (snapshot.Values.Length > 0)
            arena.Parameters.SubView(0, snapshot.Values.Length).CopyFromCPU(device.Stream, snapshot.Values);
        device.Synchronize();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        gradientNorm?.Dispose();
        maskedLanguage?.Dispose();
        batch.Dispose();
        kernels.Dispose();
        activationArena.Dispose();
        arena.Dispose();
    }

    private static BertModel Load(
        ComputeDevice device,
        string folder,
        BertConfiguration configuration,
        ParameterLayout layout,
        ParameterSource source,
        BatchLimits limits,
        TrainedPart trained,
        bool keepStates)
    {
        source.Names.CheckLayerCount(configuration.LayerCount);

        // Everything is looked up before memory is taken, so that a wrong folder costs nothing.
        foreach (var tensor in layout.Tensors.Where(t => !source.IsNew(t)))
            source.Names.Find(tensor);
        var arena = new ParameterArena(device, layout);
        try
        {
            var model = new BertModel(device, folder, configuration, arena, limits, trained, keepStates)
            {
                NewTensors = [.. layout.Tensors.Where(source.IsNew).Select(t => t.Name)],
            };
            try
            {
                model.Fill(source);
                return model;
            }
            catch
            {
                model.Dispose();
                throw;
            }
        }
        catch
        {
            arena.Dispose();
            throw;
        }
    }

    private static void CheckLimits(BatchLimits limits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxSequences, 1);
    }

    private ParameterTensor Tensor(string name) =>
        arena.Layout.Tensors.FirstOrDefault(t => t.Name == name)
        ?? throw new ArgumentException($"The model has no tensor \"{name}\".", nameof(name));
}

/// <summary>A copy of a model's trained parameters.</summary>
public sealed class ParameterSnapshot
{
    internal ParameterSnapshot(float[] values) => Values = values;

    internal float[] Values { get; }
}
