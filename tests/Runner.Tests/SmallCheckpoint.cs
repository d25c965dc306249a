using Engine.Shared;
using static Engine.Shared.BundleWriter;

namespace Engine.Runner.Tests;

/// <summary>A checkpoint of BERT's authors (TensorFlow 1) with two small layers, its vocabulary and its configuration beside it, to be damaged.</summary>
internal static class SmallCheckpoint
{
    public const string Words = "bert/embeddings/word_embeddings";

    private const int Hidden = 16;
    private const int Intermediate = 32;
    private const int Tokens = 8;

    /// <summary>Writes the checkpoint.</summary>
    /// <param name="prefix">What its files' names begin with.</param>
    /// <param name="edit">Changes the tensors: shapes by names.</param>
    /// <param name="sliced">A tensor that is stored in slices.</param>
    /// <param name="types">Other types than single precision: TensorFlow's numbers by names.</param>
    public static void Write(string prefix, Action<Dictionary<string, int[]>>? edit = null, string? sliced = null, Dictionary<string, int>? types = null)
    {
        Dictionary<string, int[]> tensors = Tensors();
        edit?.Invoke(tensors);
        using (BundleWriter writer = new(prefix))
        {
            foreach ((string name, int[] shape) in tensors)
            {
                if (name == sliced)
                    writer.AddEntry(name, SlicedEntry(shape));
                else
                    writer.Add(name, types?.GetValueOrDefault(name, 1) ?? 1, shape, new byte[sizeof(float) * shape.Aggregate(1, (product, size) => product * size)]);
            }
            writer.Finish();
        }
        string folder = Path.GetDirectoryName(prefix)!;
        File.WriteAllText(Path.Combine(folder, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n");
        File.WriteAllText(Path.Combine(folder, "bert_config.json"), "{\"num_attention_heads\": 2}");
    }

    private static Dictionary<string, int[]> Tensors()
    {
        Dictionary<string, int[]> tensors = new()
        {
            [Words] = [Tokens, Hidden],
            ["bert/embeddings/position_embeddings"] = [12, Hidden],
            ["bert/embeddings/token_type_embeddings"] = [2, Hidden],
            ["bert/pooler/dense/kernel"] = [Hidden, Hidden],
            ["bert/pooler/dense/bias"] = [Hidden],
        };
        Norm("bert/embeddings");
        for (int layer = 0; layer < 2; layer++)
        {
            string scope = $"bert/encoder/layer_{layer}";
            foreach (string part in new[] { "self/query", "self/key", "self/value", "output/dense" })
                Dense($"{scope}/attention/{part}", Hidden, Hidden);
            Norm($"{scope}/attention/output");
            Dense($"{scope}/intermediate/dense", Hidden, Intermediate);
            Dense($"{scope}/output/dense", Intermediate, Hidden);
            Norm($"{scope}/output");
        }
        return tensors;

        void Dense(string scope, int inputs, int outputs)
        {
            tensors[scope + "/kernel"] = [inputs, outputs];
            tensors[scope + "/bias"] = [outputs];
        }

        void Norm(string scope)
        {
            tensors[scope + "/LayerNorm/beta"] = [Hidden];
            tensors[scope + "/LayerNorm/gamma"] = [Hidden];
        }
    }

    private static byte[] SlicedEntry(int[] shape) => Message(output =>
    {
        Field(output, 1, 1);
        Field(output, 2, Message(dimensions =>
        {
            foreach (int size in shape)
                Field(dimensions, 2, Message(dimension => Field(dimension, 1, size)));
        }));
        Field(output, 7, []);
    });
}
