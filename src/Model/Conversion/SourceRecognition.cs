using Engine.Model.Checkpoints.Archives;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Conversion.TensorFlow;

namespace Engine.Model.Conversion;

/// <summary>Finds out what a path leads to.</summary>
internal static class SourceRecognition
{
    private const string Expected =
        "expected a SavedModel's folder, a TensorFlow checkpoint (its prefix or one of its files), a folder in Hugging Face's layout, or one of these as .tar.gz, .tar or .zip";

    // What is known and not read, with what to do.
    private static readonly Dictionary<string, string> NotRead = new(StringComparer.OrdinalIgnoreCase)
    {
        [".h5"] = "Keras's HDF5 file, which is not read; in Keras, load it and save the model with model.save(FOLDER) or its weights with model.save_weights(PREFIX)",
        [".hdf5"] = "an HDF5 file, which is not read; in Keras, load it and save the model with model.save(FOLDER) or its weights with model.save_weights(PREFIX)",
        [".keras"] = "Keras 3's archive, which is not read; in Keras, load it and export the model with model.export(FOLDER)",
        [".bin"] = "PyTorch's pickled weights, which are not read; save the model as safetensors (transformers: from_pretrained, save_pretrained)",
        [".pt"] = "PyTorch's pickled weights, which are not read; save the model as safetensors (transformers: from_pretrained, save_pretrained)",
        [".pth"] = "PyTorch's pickled weights, which are not read; save the model as safetensors (transformers: from_pretrained, save_pretrained)",
        [".onnx"] = "an ONNX model, which is not read; convert the checkpoint that it was made from",
        [".tflite"] = "a TensorFlow Lite model, which is not read; convert the checkpoint that it was made from",
    };

    /// <summary>Opens what a path leads to.</summary>
    /// <param name="path">A folder, a checkpoint's prefix or one of its files, or an archive.</param>
    /// <param name="workFolder">Where an archive is unpacked.</param>
    /// <param name="stop">Stops the unpacking.</param>
    /// <exception cref="ModelException">It is nothing that can be converted.</exception>
    public static SourceModel Open(string path, string workFolder, CancellationToken stop)
    {
        if (Directory.Exists(path))
            return OpenFolder(path);
        string name = Path.GetFileName(path);
        string folder = Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : ".";
        if (name is SavedModel.FileName or HubModule.FileName or KerasMetadata.FileName && File.Exists(path))
            return TensorFlowSource.OpenSavedModel(folder, path);
        if (File.Exists(path) && (name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith(".safetensors.index.json", StringComparison.Ordinal)))
            return OpenFolder(folder);
        if (File.Exists(path) && NotRead.TryGetValue(Path.GetExtension(name), out string? what))
            throw new ModelException($"{path}: is {what}");
        if (File.Exists(path) && ArchiveRecognition.KindOf(path) != ArchiveKind.None)
            return OpenArchive(path, workFolder, stop);
        string prefix = BundleFiles.PrefixOf(path);
        bool isCheckpoint = File.Exists(BundleFiles.Index(prefix)) || prefix != path || HasShards(prefix) || File.Exists(path);
        if (!isCheckpoint)
            throw new ModelException($"{path}: no such file, folder or checkpoint; {Expected}");

        // The variables of a SavedModel mean more beside what it says of them.
        string? above = Path.GetFileName(prefix) == "variables" ? Path.GetDirectoryName(Path.GetFullPath(folder)) : null;
        return above is not null && File.Exists(Path.Combine(above, SavedModel.FileName))
            ? TensorFlowSource.OpenSavedModel(above, path)
            : TensorFlowSource.OpenCheckpoint(path, path);
    }

    private static SourceModel OpenArchive(string path, string workFolder, CancellationToken stop)
    {
        var archive = ExtractedArchive.Open(path, workFolder, stop);
        try
        {
            var model = OpenFolder(archive.Folder);
            return model with { Path = path, Kind = $"{model.Kind}, in an archive", Archive = archive };
        }
        catch (ModelException exception)
        {
            archive.Dispose();
            throw archive.Describe(exception);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    private static SourceModel OpenFolder(string folder)
    {
        if (File.Exists(Path.Combine(folder, SavedModel.FileName)) || Directory.Exists(Path.Combine(folder, "variables")))
            return TensorFlowSource.OpenSavedModel(folder, folder);
        if (HuggingFaceFolder.Is(folder))
            return HuggingFaceFolder.Open(folder, folder);
        string[] prefixes = [.. Directory.EnumerateFiles(folder).Select(path => (Path: path, Prefix: BundleFiles.PrefixOf(path)))
            .Where(found => found.Prefix != found.Path).Select(found => found.Prefix).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (prefixes.Length == 1)
            return TensorFlowSource.OpenCheckpoint(prefixes[0], folder);
        if (prefixes.Length > 1 && LatestCheckpoint.In(folder, prefixes) is { } latest)
        {
            var last = TensorFlowSource.OpenCheckpoint(latest, folder);
            return last with { Kind = $"{last.Kind} {Path.GetFileName(latest)}, the last one of {prefixes.Length} as the file checkpoint says" };
        }

        if (prefixes.Length > 1)
        {
            throw new ModelException(
                $"{folder}: holds {prefixes.Length} checkpoints ({string.Join(", ", prefixes.Take(4).Select(Path.GetFileName))}{(prefixes.Length > 4 ? ", ..." : "")}), "
                + "expected one; give the prefix of one of them");
        }

        if (OnlyFolderIn(folder) is { } inner)
            return OpenFolder(inner);
        if (OpenWithPreprocessing(folder) is { } model)
            return model;
        string? other = Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).FirstOrDefault(path => NotRead.ContainsKey(Path.GetExtension(path)));
        if (other is not null)
            throw new ModelException($"{other}: is {NotRead[Path.GetExtension(other)]}");
        throw new ModelException($"{folder}: holds no checkpoint; {Expected}");
    }

    /// <summary>An encoder whose preprocessing model lies in a folder beside it, as one download of both has them; null where there is no such pair.</summary>
    private static SourceModel? OpenWithPreprocessing(string folder)
    {
        var models = Directory.EnumerateDirectories(folder).Where(path => File.Exists(Path.Combine(path, SavedModel.FileName)))
            .ToLookup(path => Path.GetFileName(path).Contains("preprocess", StringComparison.OrdinalIgnoreCase));
        return models[true].Any() && models[false].Count() == 1
            ? TensorFlowSource.OpenSavedModel(models[false].First(), folder) with { HasPreprocessing = true }
            : null;
    }

    /// <summary>The folder within a folder that holds nothing else, as unpacked archives often have it.</summary>
    private static string? OnlyFolderIn(string folder)
    {
        string[] entries = [.. Directory.EnumerateFileSystemEntries(folder).Take(2)];
        return entries.Length == 1 && Directory.Exists(entries[0]) ? entries[0] : null;
    }

    private static bool HasShards(string prefix)
    {
        string folder = Path.GetDirectoryName(prefix) is { Length: > 0 } parent ? parent : ".";
        return Path.GetFileName(prefix).Length > 0 && Directory.Exists(folder) && Directory.EnumerateFiles(folder, Path.GetFileName(prefix) + ".data-*").Any();
    }
}
