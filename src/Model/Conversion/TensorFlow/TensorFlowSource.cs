using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>Opens what TensorFlow wrote: SavedModels, hub modules and checkpoints, with variables by name or by their places in a graph of objects.</summary>
internal static class TensorFlowSource
{
    private const string ConfigurationName = "bert_config.json";

    private static readonly (GeluForm, string) Gelu = (GeluForm.Tanh, "TensorFlow's BERTs compute the tanh form (--gelu erf for the code of 2018)");

    /// <summary>Opens a SavedModel's folder.</summary>
    /// <param name="folder">The folder that holds <c>saved_model.pb</c>.</param>
    /// <param name="given">What the user gave, for messages.</param>
    /// <exception cref="ModelException">A part of it is missing or damaged, or it is no BERT.</exception>
    public static SourceModel OpenSavedModel(string folder, string given)
    {
        string path = Path.Combine(folder, SavedModel.FileName);
        string variables = Path.Combine(folder, "variables", "variables");
        if (!File.Exists(path))
            throw new ModelException($"{path}: is missing, though {Path.Combine(folder, "variables")} is there; a part of the model was deleted: get it again");
        if (!File.Exists(BundleFiles.Index(variables)))
            throw new ModelException($"{BundleFiles.Index(variables)}: is missing, though {SavedModel.FileName} is there; a part of the model was deleted: get it again");
        string module = Path.Combine(folder, HubModule.FileName);
        bool isModule = File.Exists(module);
        if (isModule)
            HubModule.Check(module);
        var model = SavedModel.Read(path);
        var bundle = TensorBundle.Open(variables);
        try
        {
            string[] extras = [.. new[] { module, Path.Combine(folder, KerasMetadata.FileName) }.Where(File.Exists)];
            string[] files = [path, .. bundle.Files, .. extras];
            if (CheckpointObjects.Read(bundle, model) is { } objects)
                return new ObjectSource(given, folder, files, bundle, model, objects).Make();
            var lower = model.Inference.IsLowerCase;
            return OfNames(given, folder, files, bundle, isModule ? "TF1 Hub module" : "TF1 SavedModel") with
            {
                Gelu = (GeluForm.Tanh, "TF-Hub's modules compute the tanh form"),
                VocabularyPath = AssetOf(folder, model.Inference.AssetFiles) ?? VocabularyBeside(folder),
                Lowercase = lower is { } value ? (value, "the module's signature says so") : null,
            };
        }
        catch
        {
            bundle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">Its prefix, or any of its files.</param>
    /// <param name="given">What the user gave, for messages.</param>
    /// <exception cref="ModelException">A file is missing or damaged, or it is no BERT's.</exception>
    public static SourceModel OpenCheckpoint(string path, string given)
    {
        var bundle = TensorBundle.Open(path);
        try
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(bundle.Path))!;
            string[] files = [.. bundle.Files];
            return CheckpointObjects.Read(bundle, null) is { } objects
                ? new ObjectSource(given, folder, files, bundle, null, objects).Make()
                : OfNames(given, folder, files, bundle, "TF1 checkpoint");
        }
        catch
        {
            bundle.Dispose();
            throw;
        }
    }

    /// <summary>The configuration of google-research/bert in a folder, or null.</summary>
    internal static JsonFields? ConfigurationIn(string folder)
    {
        string path = Path.Combine(folder, ConfigurationName);
        return File.Exists(path) ? new JsonFields(path, JsonText.ReadObject(path, "a BERT's configuration")) : null;
    }

    /// <summary>A vocabulary that lies beside a checkpoint, or among a SavedModel's assets.</summary>
    internal static string? VocabularyBeside(string folder) =>
        new[] { Path.Combine(folder, "vocab.txt"), Path.Combine(folder, "assets", "vocab.txt") }.FirstOrDefault(File.Exists);

    /// <summary>The one text file among a model's assets, or null.</summary>
    internal static string? AssetOf(string folder, IEnumerable<string> names)
    {
        string[] there = [.. names.Where(name => name.EndsWith(".txt", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)
            .Select(name => Path.Combine(folder, "assets", name)).Where(File.Exists)];
        return there.Length == 1 ? there[0] : null;
    }

    /// <summary>Adds the configuration's file to those that a model consists of.</summary>
    internal static string[] With(IEnumerable<string> files, JsonFields? configuration) => configuration is null ? [.. files] : [.. files, configuration.Path];

    /// <summary>A checkpoint whose tensors go by the names of variables.</summary>
    private static SourceModel OfNames(string given, string folder, string[] files, TensorBundle bundle, string kind)
    {
        var variables = bundle.Tensors.Values.Where(entry => entry.Type != TensorType.String).Select(entry => new SourceVariable(entry)).ToArray();
        var configuration = ConfigurationIn(folder);
        return new SourceModel(given, kind, bundle, variables, TensorFlowNames.Find)
        {
            IsTensorFlow = true,
            Folder = folder,
            Files = With(files, configuration),
            Configuration = configuration,
            Gelu = Gelu,
            VocabularyPath = VocabularyBeside(folder),
            Classifier = ScriptClassifier(bundle),
        };
    }

    /// <summary>The classifier of run_classifier.py: logits on the pooled output, stored as [classes, hidden].</summary>
    private static SourceClassifier? ScriptClassifier(TensorBundle bundle)
    {
        if (!bundle.Tensors.TryGetValue("output_weights", out var weight) || !bundle.Tensors.TryGetValue("output_bias", out var bias)
            || weight.Shape is not [>= 2 and var classes, _] || bias.Shape is not [var biases] || biases != classes)
        {
            return null;
        }

        var head = new HeadOptions(HeadKind.PooledSoftmax, HeadLabels.Numbered(classes), 0.1f);
        return new SourceClassifier(new(weight), new(bias), false, head, "output_weights and output_bias are run_classifier.py's softmax on the pooled output");
    }
}
