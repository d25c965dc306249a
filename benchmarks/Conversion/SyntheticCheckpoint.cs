using System.Runtime.InteropServices;
using Engine.Shared;

namespace Engine.Benchmarks.Conversion;

/// <summary>A checkpoint of BERT-Large's size with random weights, as TensorFlow would have written it, in a folder that is deleted in the end.</summary>
internal sealed class SyntheticCheckpoint : IDisposable
{
    private SyntheticCheckpoint(string folder) => Folder = folder;

    /// <summary>Gets the folder.</summary>
    public string Folder { get; }

    /// <summary>Gets the number of bytes of all its files.</summary>
    public long ByteCount => new DirectoryInfo(Folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    /// <summary>Writes Google's first release: <c>bert_model.ckpt</c>, <c>bert_config.json</c>, <c>vocab.txt</c>.</summary>
    /// <param name="parent">The folder in which the checkpoint's own is made.</param>
    /// <returns>The checkpoint.</returns>
    public static SyntheticCheckpoint WriteFirstRelease(string parent) => Write(parent, folder =>
    {
        WriteVocabulary(folder);
        File.WriteAllText(Path.Combine(folder, "bert_config.json"), BertLarge.Configuration);
        using var bundle = new BundleWriter(Path.Combine(folder, "bert_model.ckpt"));
        Fill(bundle, BertLarge.FirstRelease.Select(variable => (variable, variable.Name)));
        bundle.Finish();
    });

    /// <summary>Writes a TF-Hub SavedModel, version 4 without its masked-language-model head.</summary>
    /// <param name="parent">The folder in which the checkpoint's own is made.</param>
    /// <returns>The checkpoint.</returns>
    public static SyntheticCheckpoint WriteHub(string parent) => Write(parent, folder =>
    {
        WriteVocabulary(Directory.CreateDirectory(Path.Combine(folder, "assets")).FullName);
        Directory.CreateDirectory(Path.Combine(folder, "variables"));
        var graph = new HubObjectGraph([.. BertLarge.Hub]);
        File.WriteAllBytes(Path.Combine(folder, "saved_model.pb"), graph.SavedModel());
        using var bundle = new BundleWriter(Path.Combine(folder, "variables", "variables"));
        Fill(bundle, BertLarge.Hub.Select((variable, i) => (variable, HubObjectGraph.Key(i))));
        bundle.Add(HubObjectGraph.LowerCaseKey, HubObjectGraph.Boolean, [], [1]);
        bundle.AddStrings("_CHECKPOINTABLE_OBJECT_GRAPH", [], graph.Trackable());
        bundle.Finish();
    });

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static SyntheticCheckpoint Write(string parent, Action<string> fill)
    {
        var checkpoint = new SyntheticCheckpoint(Directory.CreateDirectory(Path.Combine(parent, $"engine-benchmarks-{Guid.NewGuid():N}")).FullName);
        try
        {
            fill(checkpoint.Folder);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static void WriteVocabulary(string folder)
    {
        string[] special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        File.WriteAllLines(
            Path.Combine(folder, "vocab.txt"), special.Concat(Enumerable.Range(special.Length, BertLarge.Vocabulary - special.Length).Select(i => $"word{i}")));
    }

    private static void Fill(BundleWriter bundle, IEnumerable<(BertLarge.Variable Variable, string Key)> variables)
    {
        var random = new Random(1);
        foreach (var (variable, key) in variables)
        {
            var values = new float[variable.Count];
            random.NextBytes(MemoryMarshal.AsBytes(values.AsSpan()));

            // 23 random bits as a number from 1 to 2, moved to around 0.
            foreach (ref var value in values.AsSpan())
                value = (BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) >> 9) | 0x3F80_0000) - 1.5f) * 0.07f;
            bundle.Add(key, variable.Shape, values);
        }
    }
}
