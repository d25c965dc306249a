using System.Text;
using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Tests.Checkpoints.Archives;
using Engine.Model.Tests.Conversion;
using Engine.Shared;

namespace Engine.Model.Tests.Fuzzing;

/// <summary>Models of every layout, as folders and as archives, and of each the files that are changed.</summary>
internal static class FuzzSources
{
    /// <summary>Puts the models into a folder.</summary>
    public static IReadOnlyList<FuzzTarget> Make(Conversions conversions)
    {
        var targets = new List<FuzzTarget>();
        foreach (string layout in (string[])["hub-v4", "hub-v2", "hub-tf1", "keras-fine-tuned"])
        {
            string folder = Copy(conversions, layout);
            Add(folder, folder, layout, Path.Combine("variables", "variables.index"), isProved: true);
            Add(folder, folder, layout, Path.Combine("variables", "variables.data-00000-of-00001"), isProved: true);
            Add(folder, folder, layout, "saved_model.pb");
            Add(folder, folder, layout, Path.Combine("assets", "vocab.txt"), isText: true);
            foreach (string other in ((string[])["keras_metadata.pb", "tfhub_module.pb"]).Where(name => File.Exists(Path.Combine(folder, name))))
                Add(folder, folder, layout, other);
        }

        foreach (string layout in (string[])["tf1", "tf1-two-shards", "tf1-training"])
        {
            string folder = Copy(conversions, layout), prefix = Path.Combine(folder, "bert_model.ckpt");
            Add(folder, folder, layout, "bert_model.ckpt.index", isProved: true);
            Add(folder, folder, layout, Path.GetFileName(Directory.GetFiles(folder, "*.data-00000-*")[0]), isProved: true);
            Add(folder, prefix, layout, "bert_config.json", isText: true);
        }

        string garden = Copy(conversions, "garden");
        Add(garden, Path.Combine(garden, "bert_model.ckpt-1"), "garden", "bert_model.ckpt-1.index", isProved: true);
        Add(garden, Path.Combine(garden, "bert_model.ckpt-1"), "garden", "bert_model.ckpt-1.data-00000-of-00001", isProved: true);
        string snappy = Compress(Copy(conversions, "tf1"));
        Add(snappy, snappy, "tf1", "bert_model.ckpt.index", isProved: true);
        string huggingFace = HuggingFace(conversions);
        foreach (string name in (string[])["config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors.index.json"])
            Add(huggingFace, huggingFace, "huggingface", name, isText: true);
        Add(huggingFace, huggingFace, "huggingface", "model-00001-of-00001.safetensors");

        var files = Archives.FilesOf(Fixtures.At("checkpoints", "hub-v2"), "model/");
        foreach (var (name, content, isProved) in ((string, byte[], bool)[])[
            ("model.tar.gz", Archives.GZip(Archives.Tar(files)), true), ("model.zip", Archives.Zip(files), true), ("model.tar", Archives.Tar(files), false)])
        {
            string path = Path.Combine(conversions.Path, name);
            File.WriteAllBytes(path, content);
            Add(conversions.Path, path, "hub-v2", name, isProved);
        }

        return targets;

        void Add(string folder, string source, string layout, string name, bool isProved = false, bool isText = false) => targets.Add(
            new FuzzTarget($"{layout}: {name}", Path.Combine(folder, name), source, Conversions.OptionsFor(layout), isProved, isText));
    }

    private static string Copy(Conversions conversions, string layout) => conversions.Copy(Fixtures.At("checkpoints", layout));

    /// <summary>Compresses a checkpoint's index with Snappy, as TensorFlow once did.</summary>
    private static string Compress(string folder)
    {
        string index = Path.Combine(folder, "bert_model.ckpt.index");
        var entries = SortedTable.Read(index, File.ReadAllBytes(index)).Select(entry => (entry.Key, entry.Value.ToArray()));
        File.WriteAllBytes(index, SortedTableWriter.Write(entries, isCompressed: true, blockBytes: 1000));
        return folder;
    }

    /// <summary>A model in Hugging Face's layout, in the form for several files.</summary>
    public static string HuggingFace(Conversions conversions)
    {
        string folder = Path.Combine(conversions.Path, "huggingface");
        Directory.CreateDirectory(folder);
        foreach (string name in (string[])["config.json", "vocab.txt"])
            File.WriteAllBytes(Path.Combine(folder, name), File.ReadAllBytes(Fixtures.At("models", "erf", name)));
        string weights = Path.Combine(folder, "model-00001-of-00001.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(Fixtures.At("models", "erf", ModelFolder.WeightsName)));
        using var file = SafetensorsFile.Open(weights);
        File.WriteAllText(
            Path.Combine(folder, "model.safetensors.index.json"),
            $$"""{"metadata": {}, "weight_map": { {{string.Join(", ", file.Tensors.Keys.Select(n => $"\"{n}\": \"{Path.GetFileName(weights)}\""))}} } }""",
            new UTF8Encoding(false));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"do_lower_case": true, "tokenizer_class": "BertTokenizer", "model_max_length": 64}""");
        return folder;
    }
}
