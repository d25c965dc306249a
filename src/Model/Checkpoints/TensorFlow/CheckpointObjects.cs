namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>A variable of an object-based checkpoint, with all that is known of it.</summary>
/// <param name="Key">The tensor's name in the checkpoint.</param>
/// <param name="FullName">The variable's name by the checkpoint, without <c>:0</c>; it may carry a number that made it unique, or be empty.</param>
/// <param name="Saved">What <c>saved_model.pb</c> says of the variable; <c>null</c> where there is none or it does not know the variable.</param>
/// <param name="IsSlot">Whether it is what an optimizer keeps for another variable.</param>
/// <param name="Paths">The ways to it from the root, one by each parent, the shortest first.</param>
internal sealed record CheckpointVariable(
    string Key, string FullName, SavedVariable? Saved, bool IsSlot, IReadOnlyList<ObjectPath> Paths);

/// <summary>A file under <c>assets/</c> and the ways to it from the root, such as <c>vocab_file</c>.</summary>
/// <param name="FileName">Its name under <c>assets/</c>.</param>
/// <param name="Paths">The ways to it, the shortest first.</param>
internal sealed record CheckpointAsset(string FileName, IReadOnlyList<ObjectPath> Paths);

/// <summary>An object of Python's that a SavedModel holds: a layer, a model, a list.</summary>
/// <param name="Node">Its number in <c>saved_model.pb</c>.</param>
/// <param name="Identifier">Its kind, such as <c>_tf_keras_network</c>.</param>
/// <param name="Metadata">What Keras says of it, JSON; may be empty.</param>
/// <param name="Paths">The ways to it, the shortest first.</param>
internal sealed record CheckpointObject(int Node, string Identifier, string Metadata, IReadOnlyList<ObjectPath> Paths);

/// <summary>
/// The objects of a model: those of the checkpoint, which know the tensors' names, joined with those of <c>saved_model.pb</c>, which know the variables' names and
/// shapes and the files. Both number their objects for themselves; they are joined by walking both graphs from their roots along edges of the same name.
/// </summary>
/// <param name="Variables">The variables of the checkpoint, in the order of its objects.</param>
/// <param name="Assets">The files that come with the model.</param>
/// <param name="Objects">The layers and other objects of <c>saved_model.pb</c>.</param>
internal sealed record CheckpointObjects(
    IReadOnlyList<CheckpointVariable> Variables, IReadOnlyList<CheckpointAsset> Assets, IReadOnlyList<CheckpointObject> Objects)
{
    private const string VariableValue = "VARIABLE_VALUE";
    private const string SlotMarker = "/.OPTIMIZER_SLOT/";

    /// <summary>Reads the objects of a checkpoint and joins them with those of its SavedModel.</summary>
    /// <param name="bundle">The checkpoint.</param>
    /// <param name="model">The SavedModel around it; <c>null</c> where there is none, as in a training run's checkpoints.</param>
    /// <returns><c>null</c> where the checkpoint knows no objects: TensorFlow 1 saved variables under their names alone.</returns>
    /// <exception cref="ModelException">A graph is damaged, or the two and the checkpoint contradict one another.</exception>
    public static CheckpointObjects? Read(TensorBundle bundle, SavedModel? model)
    {
        if (TrackableGraph.Read(bundle) is not { } checkpoint)
            return null;
        var objects = Join(checkpoint, model);
        foreach (var variable in objects.Variables)
            Check(bundle, variable, model);
        return objects;
    }

    /// <summary>The variable at a place, such as <c>do_lower_case</c>; <c>null</c> where there is none.</summary>
    /// <param name="path">The local names, from the root.</param>
    public CheckpointVariable? FindVariable(params IReadOnlyList<string> path) =>
        Variables.FirstOrDefault(variable => variable.Paths.Any(way => way.Names.SequenceEqual(path)));

    private static void Check(TensorBundle bundle, CheckpointVariable variable, SavedModel? model)
    {
        if (!bundle.Tensors.TryGetValue(variable.Key, out var tensor))
            throw new ModelException($"{bundle.Path}: tensor \"{variable.Key}\" is missing, expected by the objects of the checkpoint; get it again");
        if (variable.Saved is not { } saved || saved.TypeName == tensor.TypeName && Fits(saved.Shape, tensor.Shape))
            return;
        throw new ModelException(
            $"{model!.Path}: variable \"{saved.Name}\" is {saved.TypeName} [{string.Join(", ", saved.Shape)}], "
            + $"but tensor \"{variable.Key}\" of {bundle.Path} is {tensor.TypeName} {tensor.ShapeText}; the two do not belong together or one is damaged");
    }

    /// <summary>Whether a shape is what was announced: -1 fits any size; nothing at all may stand for an unknown number of dimensions.</summary>
    private static bool Fits(IReadOnlyList<long> announced, IReadOnlyList<int> shape) =>
        announced.Count == 0 || (announced.Count == shape.Count && announced.Zip(shape).All(pair => pair.First == -1 || pair.First == pair.Second));

    private static CheckpointObjects Join(TrackableGraph checkpoint, SavedModel? model)
    {
        var saved = model?.Inference.Objects ?? [];
        var ways = new ObjectPaths(checkpoint.Path, [.. checkpoint.Nodes.Select(node => node.Children)]);
        var savedWays = new ObjectPaths(model?.Path ?? "", [.. saved.Select(node => node.Children)]);
        var partners = Partners(checkpoint.Nodes, saved);
        var slots = checkpoint.Nodes.SelectMany(node => node.SlotVariables).ToHashSet();
        var variables =
            from node in Enumerable.Range(0, checkpoint.Nodes.Count)
            from tensor in checkpoint.Nodes[node].Tensors
            where tensor.Name == VariableValue
            select new CheckpointVariable(
                tensor.Key,
                tensor.FullName,
                partners[node] is { } partner ? saved[partner].Variable : null,
                slots.Contains(node) || tensor.Key.Contains(SlotMarker, StringComparison.Ordinal),
                ways.To(node));
        if (model is null)
            return new CheckpointObjects([.. variables], [], []);
        var objects =
            from node in Enumerable.Range(0, saved.Count)
            where saved[node].Identifier is not null
            select new CheckpointObject(node, saved[node].Identifier!, saved[node].Metadata, savedWays.To(node));
        return new CheckpointObjects([.. variables], [.. FindAssets(model, saved, savedWays)], [.. objects]);
    }

    /// <summary>The files of the assets that a model's objects name.</summary>
    private static IEnumerable<CheckpointAsset> FindAssets(SavedModel model, IReadOnlyList<SavedObject> nodes, ObjectPaths ways)
    {
        var files = model.Inference.AssetFiles;
        for (int node = 0; node < nodes.Count; node++)
        {
            if (nodes[node].Asset is not { } asset)
                continue;
            if (asset < 0 || asset >= files.Count)
                throw new ModelException($"{model.Path}: names asset {asset}, expected one of {files.Count} files; the file is damaged: get it again");
            yield return new CheckpointAsset(files[(int)asset], ways.To(node));
        }
    }

    /// <summary>For every object of the checkpoint its partner's number in the SavedModel.</summary>
    private static int?[] Partners(IReadOnlyList<TrackableObject> checkpoint, IReadOnlyList<SavedObject> saved)
    {
        var partners = new int?[checkpoint.Count];
        if (checkpoint.Count == 0 || saved.Count == 0)
            return partners;
        partners[0] = 0;
        var queue = new Queue<int>([0]);
        while (queue.TryDequeue(out int node))
        {
            var others = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var child in saved[partners[node]!.Value].Children)
                others.TryAdd(child.LocalName, child.Node);
            foreach (var child in checkpoint[node].Children)
            {
                if (partners[child.Node] is null && others.TryGetValue(child.LocalName, out int other))
                {
                    partners[child.Node] = other;
                    queue.Enqueue(child.Node);
                }
            }
        }

        return partners;
    }
}
