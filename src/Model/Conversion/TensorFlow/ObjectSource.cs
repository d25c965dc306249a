using System.Text.RegularExpressions;
using Engine.Kernels;
using Engine.Model.Checkpoints.TensorFlow;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>
/// A checkpoint of TensorFlow 2, whose tensors are the variables of a graph of objects. Its keys say how an export happened to walk the graph and are never relied on:
/// a variable is known by its name, by the name that <c>saved_model.pb</c> has for it, or by its places in the graph.
/// </summary>
/// <param name="given">What the user gave, for messages.</param>
/// <param name="folder">The folder of the files.</param>
/// <param name="files">The files that the model consists of.</param>
/// <param name="bundle">The tensors.</param>
/// <param name="model">The SavedModel around them, or null.</param>
/// <param name="objects">The objects.</param>
internal sealed partial class ObjectSource(
    string given, string folder, IReadOnlyList<string> files, TensorBundle bundle, SavedModel? model, CheckpointObjects objects)
{
    private readonly CheckpointVariable? lowercase = objects.Variables.FirstOrDefault(variable => EndsWith(variable.Paths, "do_lower_case"));

    /// <summary>Describes the source.</summary>
    /// <exception cref="ModelException">It is a preprocessing model, or damaged.</exception>
    public SourceModel Make()
    {
        bool hasPreprocessing = objects.Objects.Any(item => EndsWith(item.Paths, "bert_pack_inputs") || EndsWith(item.Paths, "_bert_tokenizer"));
        var own = Variables(out var notes);
        if (hasPreprocessing && !own.Any(item => item.Variable.Entry.Shape.Count > 1))
        {
            throw new ModelException(
                $"{given}: is a preprocessing model, which turns text into token ids and has no weights; expected the encoder that it comes with: "
                + "convert that, with --tokenizer tftext to get this tokenizer");
        }

        var layers = KerasLayers.Parse(RootMetadata());
        var (classifier, leftOut) = Classifier(own, layers);
        var configuration = TensorFlowSource.ConfigurationIn(folder);
        LeftOut[] training = [.. objects.Variables.Where(IsOfTraining).Select(variable => variable.Key).GroupBy(LeftOutReasons.For)
            .Select(group => new LeftOut(group.Key, [.. group.Order(StringComparer.Ordinal)]))];
        return new SourceModel(given, Kind(layers), bundle, [.. own.Select(item => item.Variable)], Find)
        {
            IsTensorFlow = true,
            Folder = folder,
            Files = TensorFlowSource.With(files, configuration),
            Configuration = configuration,
            Gelu = (GeluForm.Tanh, "Model Garden's encoders, and so TF-Hub's, compute the tanh form"),
            VocabularyPath = Vocabulary(),
            Lowercase = lowercase is null ? null : (ReadFlag(lowercase), "the model's do_lower_case says so"),
            HasPreprocessing = hasPreprocessing,
            Classifier = classifier,
            LeftOut = leftOut is null ? training : [.. training, leftOut],
            Notes = notes,
        };
    }

    private static TensorRole? Find(string name) => TensorFlowNames.Find(name) ?? GardenPaths.Find(name);

    private static bool EndsWith(IReadOnlyList<ObjectPath> paths, string name) => paths.Any(path => path.Length > 0 && path.Names[^1] == name);

    private static bool IsOfTraining(CheckpointVariable variable) => variable.IsSlot || Training().IsMatch(variable.Key);

    private static string[] Names(CheckpointVariable variable) =>
        [.. new[] { variable.FullName, variable.Saved?.Name ?? "" }.Concat(variable.Paths.Select(path => string.Join('/', path.Names)))
            .Where(name => name.Length > 0).Append(variable.Key).Distinct(StringComparer.Ordinal)];

    /// <summary>The model's variables with their names; where these say nothing, by their order.</summary>
    private (SourceVariable Variable, CheckpointVariable Object)[] Variables(out IReadOnlyList<string> notes)
    {
        notes = [];
        var own = objects.Variables.Where(variable => !IsOfTraining(variable) && variable != lowercase)
            .Select(variable => (Variable: new SourceVariable(bundle.Tensors[variable.Key], Names(variable)), Object: variable)).ToArray();
        if (own.Any(item => item.Variable.Names.Any(name => Find(name) is not null)))
            return own;
        var order = VariableOrder.Names(objects, bundle.Tensors);
        if (order.Count > 0)
            notes = ["the variables' names say nothing: they were taken in the order of TF-Hub's encoders, and their shapes fit (--verify cannot see a wrong order)"];
        return [.. own.Select(item => order.TryGetValue(item.Variable.Key, out string? name)
            ? (item.Variable with { Names = [name, .. item.Variable.Names] }, item.Object)
            : item)];
    }

    private (SourceClassifier? Found, LeftOut? LeftOut) Classifier((SourceVariable Variable, CheckpointVariable Object)[] own, KerasLayers? layers)
    {
        var roles = own.ToLookup(item => item.Variable.Names.Select(Find).FirstOrDefault(role => role is not null)?.Name);
        var words = roles["embeddings.word_embeddings.weight"].FirstOrDefault();
        if (words.Variable is null || words.Variable.Entry.Shape.Count != 2)
            return (null, null);
        int encoderLayers = roles.Count(group => group.Key?.EndsWith(".intermediate.dense.bias", StringComparison.Ordinal) == true);
        return KerasClassifier.Find([.. roles[null]], words.Variable.Entry.Shape[1], encoderLayers, layers, Between);

        (Pooling, string) Between(string dense) =>
            KerasLayerOrder.Guess(TrackableGraph.Read(bundle)!, dense, words.Object.Paths.Count > 0 ? words.Object.Paths[0].Names : []);
    }

    private string RootMetadata()
    {
        if (model is null)
            return "";
        string path = Path.Combine(folder, KerasMetadata.FileName);
        return File.Exists(path) && KerasMetadata.Read(path).TryGetValue(0, out var root)
            ? root.Json
            : objects.Objects.FirstOrDefault(item => item.Node == 0)?.Metadata ?? "";
    }

    private string Kind(KerasLayers? layers)
    {
        bool IsAt(IReadOnlyList<ObjectPath> paths, string name) => paths.Any(path => path.Length == 1 && path.Names[0] == name);
        if (model is null)
        {
            return objects.Variables.Any(variable => variable.Paths.Any(path => path.Length > 0 && path.Names[0] is "encoder" or "masked_lm"))
                ? "Model Garden training checkpoint"
                : objects.Variables.Any(variable => variable.Paths.Any(path => path.Names.Any(name => name.EndsWith("/embeddings:0", StringComparison.Ordinal))))
                    ? "Keras weight checkpoint around a hub layer"
                    : "TF2 checkpoint";
        }

        if (lowercase is null || !IsAt(lowercase.Paths, "do_lower_case"))
            return "TF2 SavedModel of a Keras model around an encoder";
        bool isOld = objects.Variables.Any(variable => variable.FullName.Contains("embedding_postprocessor/", StringComparison.Ordinal)) || layers?.HasNamedOutputs == false;
        bool isNew = objects.Objects.Any(item => IsAt(item.Paths, "mlm")) || layers?.HasNamedOutputs == true;
        return "TF2 SavedModel from TF-Hub" + (isOld ? " (version 1/2 interface)" : isNew ? " (version 3/4 interface)" : "");
    }

    private string? Vocabulary()
    {
        string[] named = [.. objects.Assets.Where(asset => EndsWith(asset.Paths, "vocab_file")).Select(asset => asset.FileName)];
        return TensorFlowSource.AssetOf(folder, named)
            ?? TensorFlowSource.VocabularyBeside(folder)
            ?? TensorFlowSource.AssetOf(folder, model?.Inference.AssetFiles ?? []);
    }

    private bool ReadFlag(CheckpointVariable variable)
    {
        if (bundle.Tensors[variable.Key].ByteCount != 1)
            throw new ModelException($"{given}: tensor \"{variable.Key}\" has shape {bundle.Tensors[variable.Key].ShapeText}, expected one truth value");
        Span<byte> flag = stackalloc byte[1];
        bundle.Read(variable.Key, flag);
        return flag[0] != 0;
    }

    [GeneratedRegex(@"(^|/)_?optimizer\d*/|\.OPTIMIZER_SLOT|(^|/)keras_api/metrics/|^save_counter/|^global_step/", RegexOptions.CultureInvariant)]
    private static partial Regex Training();
}
