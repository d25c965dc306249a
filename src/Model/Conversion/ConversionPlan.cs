using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion;

/// <summary>Everything that a conversion will write, decided and checked before the first byte is.</summary>
internal sealed class ConversionPlan
{
    private static readonly string[] Pooler = ["pooler.dense.weight", "pooler.dense.bias"];
    private static readonly string[] NextSentence = ["cls.seq_relationship.weight", "cls.seq_relationship.bias"];
    private static readonly string[] MaskedLanguage =
    [
        "cls.predictions.bias", "cls.predictions.transform.dense.weight", "cls.predictions.transform.dense.bias",
        "cls.predictions.transform.LayerNorm.weight", "cls.predictions.transform.LayerNorm.bias",
    ];

    private readonly SourceModel source;
    private readonly List<PlannedTensor> tensors = [];
    private readonly List<LeftOut> leftOut = [];
    private readonly List<string> notes = [];

    private ConversionPlan(SourceModel source, EncoderSizes sizes)
    {
        this.source = source;
        Sizes = sizes;
    }

    /// <summary>The encoder's sizes.</summary>
    public EncoderSizes Sizes { get; }

    /// <summary>What <c>config.json</c> will hold.</summary>
    public JsonObject Configuration { get; private set; } = [];

    /// <summary>The classifier that comes along, or null.</summary>
    public HeadOptions? Classifier { get; private set; }

    /// <summary>The heads of the pre-training tasks that come along.</summary>
    public PretrainingHeads Pretraining { get; private set; }

    /// <summary>Whether the pooler comes along.</summary>
    public bool HasPooler { get; private set; }

    /// <summary>The GELU and why it is that one.</summary>
    public (GeluForm Form, string Reason) Gelu { get; private set; }

    /// <summary>The tensors to be written.</summary>
    public IReadOnlyList<PlannedTensor> Tensors => tensors;

    /// <summary>What is not carried over.</summary>
    public IReadOnlyList<LeftOut> LeftOut => leftOut;

    /// <summary>What was assumed, and what the user should know.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Matches a source with a BERT.</summary>
    /// <exception cref="ModelException">It holds no whole BERT, or one that contradicts itself or the options.</exception>
    public static ConversionPlan Make(SourceModel source, ConversionOptions options)
    {
        OtherArchitectures.Refuse(source);
        var match = TensorMatch.Of(source);
        var notes = new List<string>(source.Notes);
        var plan = new ConversionPlan(source, EncoderSizes.Infer(match, options.Heads, notes));
        plan.notes.AddRange(notes);
        plan.leftOut.AddRange(source.LeftOut);
        plan.Decide(match, options);
        return plan;
    }

    private void Decide(TensorMatch match, ConversionOptions options)
    {
        HasPooler = HasAll(match, Pooler, "the pooler");
        if (HasAll(match, MaskedLanguage, "the masked-language-model head"))
            Pretraining |= PretrainingHeads.MaskedLanguage;
        if (HasAll(match, NextSentence, "the next-sentence head"))
            Pretraining |= PretrainingHeads.NextSentence;
        if (Pretraining.HasFlag(PretrainingHeads.NextSentence) && !HasPooler)
            throw new ModelException($"{source.Path}: has a next-sentence head but no pooler below it; the checkpoint is incomplete");
        var classifier = ChooseClassifier(options);
        Classifier = classifier?.Head;
        Gelu = options.Gelu is { } form ? (form, "--gelu says so") : StatedGelu();
        Configuration = ConvertedConfiguration.Make(this, source, options.Type);
        var configuration = BertConfiguration.Parse(source.Path, Configuration) with { Pretraining = Pretraining };
        bool hasDecoder = Pretraining.HasFlag(PretrainingHeads.MaskedLanguage) && match.Has(PretrainingTensors.DecoderWeight);
        string prefix = Classifier?.Pooling == Pooling.Pooled || Pretraining != PretrainingHeads.None ? "bert." : "";
        foreach (var tensor in new ParameterLayout(configuration, null, HasPooler, TrainedPart.Nothing, hasDecoder).Tensors)
        {
            bool isInHead = tensor.Name.StartsWith("cls.", StringComparison.Ordinal);
            tensors.Add(match.Plan(tensor.Name, isInHead ? tensor.Name : prefix + tensor.Name, tensor.Shape));
        }

        if (classifier is not null)
        {
            string name = ParameterLayout.HeadName(classifier.Head);
            int[] shape = [classifier.Head.Outputs, Sizes.Hidden];
            tensors.Add(PlannedTensor.Make(source.Path, name + ".weight", shape, classifier.Weight, classifier.IsTransposed));
            tensors.Add(PlannedTensor.Make(source.Path, name + ".bias", shape[..1], classifier.Bias, false));
        }

        if (HasPooler && IdentityPooler.Is(source.Tensors, tensors.Single(tensor => tensor.Name == prefix + "pooler.dense.weight")))
            notes.Add("the pooler is the identity, as google/experts/bert have it: the pooled output is tanh of the [CLS] state, which nothing was trained to use; heads on [CLS] see more");
        var taken = tensors.Select(tensor => tensor.From.Key).ToHashSet(StringComparer.Ordinal);
        var named = leftOut.SelectMany(group => group.Names).ToHashSet(StringComparer.Ordinal);
        leftOut.AddRange(match.Unmatched.Select(variable => variable.Key).Where(key => !taken.Contains(key) && !named.Contains(key))
            .GroupBy(LeftOutReasons.For).Select(group => new LeftOut(group.Key, [.. group.Order(StringComparer.Ordinal)])));
    }

    /// <summary>Whether a part is there; a part of which some tensors are missing is left out and named.</summary>
    private bool HasAll(TensorMatch match, string[] names, string what)
    {
        string[] present = [.. names.Where(match.Has)];
        if (present.Length == names.Length)
            return true;
        if (present.Length > 0)
            leftOut.Add(new LeftOut($"{what} is incomplete", [.. present.Select(name => match.Get(name).Variable.Key)]));
        return false;
    }

    private SourceClassifier? ChooseClassifier(ConversionOptions options)
    {
        if (source.Classifier is not { } classifier)
            return null;
        string[] keys = [classifier.Weight.Key, classifier.Bias.Key];
        if (!options.KeepClassifier)
        {
            leftOut.Add(new LeftOut("a classifier, not wanted", keys));
            return null;
        }

        string reason = classifier.Reason;
        if (options.ClassifierState is { } state)
        {
            var kind = (state, classifier.Head.IsSigmoid) switch
            {
                (Pooling.Cls, true) => HeadKind.ClsSigmoid,
                (Pooling.Cls, false) => HeadKind.ClsSoftmax,
                (Pooling.Pooled, true) => HeadKind.PooledSigmoid,
                (Pooling.Pooled, false) => HeadKind.PooledSoftmax,
                (_, true) => HeadKind.MeanSigmoid,
                _ => HeadKind.MeanSoftmax,
            };
            classifier = classifier with { Head = classifier.Head with { Kind = kind } };
            reason = "--classifier says so";
        }

        if (classifier.Head.Pooling == Pooling.Pooled && !HasPooler)
        {
            leftOut.Add(new LeftOut("a classifier on the pooled output, and there is no pooler", keys));
            return null;
        }

        notes.Add($"head {classifier.Head.Kind}: {reason}");
        return classifier;
    }

    private (GeluForm Form, string Reason) StatedGelu()
    {
        string stated = source.Configuration?.Text("hidden_act", "gelu") ?? "gelu";
        return stated switch
        {
            "gelu" => source.Gelu,
            "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => (GeluForm.Tanh, $"the configuration says {stated}"),
            _ => throw source.Configuration!.Wrong("hidden_act", $"\"{stated}\"", "\"gelu\" or one of its tanh forms, as all BERTs have it"),
        };
    }
}
