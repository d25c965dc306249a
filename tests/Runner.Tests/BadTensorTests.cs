using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Weights that are damaged or of another model: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class BadTensorTests : IDisposable
{
    private const string Words = "bert.embeddings.word_embeddings.weight";
    private const string Segments = "bert.embeddings.token_type_embeddings.weight";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("[1]", 0, "header is Array, expected a JSON object")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",", 0, "header is not valid JSON")]
    [InlineData("{\"x\": 5}", 0, "tensor \"x\" is Number, expected an object with dtype, shape and data_offsets")]
    [InlineData("{\"__metadata__\": {}, \"__metadata__\": {}}", 0, "\"__metadata__\" appears twice, expected unique names")]
    [InlineData("{\"__metadata__\": 1}", 0, "\"__metadata__\" is Number, expected an object of strings")]
    [InlineData("{\"__metadata__\": {\"a\": 1}}", 0, "\"__metadata__\" entry \"a\" is Number, expected a string")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "tensor \"x\" appears twice, expected unique names")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "has dimension -2, expected an integer from 0")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,1.5]}}", 8, "has data_offsets entry 1.5, expected an integer from 0")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}}", 8, "has an unknown, repeated or ill-typed field \"more\", expected dtype, shape and data_offsets once each")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "lacks dtype, shape or two data_offsets, expected all three")]
    [InlineData("{\"x\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "has type F99, expected a type of the format such as F32")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "has data_offsets [8, 0], expected an ascending pair within the file's 8 bytes")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "has data_offsets [0, 8], expected an ascending pair within the file's 4 bytes")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12, "by its header")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "has 8 bytes, expected 12 for F32 [3]")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647,2147483647],\"data_offsets\":[0,8]}}", 8, "expected one that fits into the file")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 6, "tensor \"y\" overlaps tensor \"x\"")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", 12, "tensor \"y\" leaves a gap after tensor \"x\"")]
    public void Headers(string header, int dataBytes, string expected)
    {
        byte[] text = Encoding.UTF8.GetBytes(header), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        AssertFileRefused([.. length, .. text, .. new byte[dataBytes]], expected, "get it again");
    }

    [Fact]
    public void Lengths()
    {
        AssertFileRefused([], "has 0 bytes, expected at least 8", "get it again");
        AssertFileRefused([0xE8, 3, 0, 0, 0, 0, 0, 0, (byte)'{'], "header of 1000 bytes does not fit into the file's 9, expected at least 1008", "get it again");
        AssertFileRefused([255, 255, 255, 255, 255, 255, 255, 255], "header length 18446744073709551615, expected at most 100000000", "get it again");
        AssertFileRefused("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"u8.ToArray(), "is a Git LFS pointer", "git lfs pull");
    }

    [Theory]
    [InlineData("integers", Segments + "\" has type I32, expected F32, F16, BF16 or F64; convert the weights")]
    [InlineData("shape", Segments + "\" has shape [4, 16], expected [2, 32] by config.json")]
    [InlineData("absent", Segments + "\" is missing, expected with shape [2, 32] by config.json")]
    [InlineData("anchor", "tensor \"embeddings.word_embeddings.weight\" is missing, with any of the prefixes")]
    [InlineData("layer", "\"bert.encoder.layer.2.more\" belongs to a layer that config.json does not have, expected 2 layers (num_hidden_layers)")]
    [InlineData("pooler", "the model has no pooler, expected pooler.dense.weight; use the mean or the [CLS] state")]
    public void Tensors_that_do_not_fit_the_configuration(string damage, string expected)
    {
        string model = _folder.CopyModel();
        Safetensors.EditHeader(Path.Combine(model, "model.safetensors"), header =>
        {
            switch (damage)
            {
                case "integers":
                    header[Segments]!["dtype"] = "I32";
                    break;
                case "shape":
                    header[Segments]!["shape"] = new JsonArray(4, 16);
                    break;
                case "absent":
                    Rename(header, Segments, "of.no.model");
                    break;
                case "anchor":
                    Rename(header, Words, "of.no.model");
                    break;
                case "layer":
                    Rename(header, "bce.classifier.bias", "bert.encoder.layer.2.more");
                    break;
                default:
                    Rename(header, "bert.pooler.dense.weight", "of.no.model");
                    Rename(header, "bert.pooler.dense.bias", "of.no.model.too");
                    break;
            }
        });
        string train = _folder.Write("train.csv", SmallTask.Csv(20));
        _folder.AssertUntouched(() =>
        {
            string pooling = damage == "pooler" ? "pooled" : "mean";
            CommandRun.Of("embed", "--model", model, "--input", train, "--out", _folder.File("out.csv"), "--device", "cpu", "--pooling", pooling).AssertBadInput(model, expected);
            // Training draws a pooler where there is none.
            if (damage != "pooler")
                CommandRun.Of("train", "--model", model, "--train", train, "--out", _folder.File("out"), "--device", "cpu").AssertBadInput(model, expected);
        });
    }

    [Theory]
    [InlineData("nan")]
    [InlineData("infinity")]
    public void Weights_that_are_no_numbers(string value)
    {
        string model = _folder.CopyModel();
        string path = Path.Combine(model, "model.safetensors");
        byte[] weights = File.ReadAllBytes(path);
        (int start, int end) = Safetensors.PlaceOf(path, "bert.embeddings.LayerNorm.weight");
        for (int i = start; i < end; i += sizeof(float))
            BinaryPrimitives.WriteSingleLittleEndian(weights.AsSpan(i), value == "nan" ? float.NaN : float.PositiveInfinity);
        File.WriteAllBytes(path, weights);
        string texts = _folder.Write("texts.csv", SmallTask.Csv(20));
        _folder.AssertUntouched(() =>
        {
            CommandRun.Of("fill-mask", "--model", model, "--device", "cpu", "a [MASK]").AssertBadInput("the weights give no finite numbers, which were expected of a trained model; use another checkpoint");
            CommandRun.Of("next-sentence", "--model", model, "--device", "cpu", "a", "b").AssertBadInput("the weights give no finite numbers");
            CommandRun.Of("embed", "--model", model, "--input", texts, "--out", _folder.File("out.csv"), "--device", "cpu").AssertEndedByBadInput("the weights give no finite numbers");
            CommandRun.Of("train", "--model", model, "--train", texts, "--out", _folder.File("out"), "--device", "cpu").AssertEndedByBadInput("The loss is not finite at step 1 (epoch 1)");
        });
    }

    [Theory]
    [InlineData("../model.safetensors", "is in \"../model.safetensors\", expected the name of a file beside the list")]
    [InlineData("absent.safetensors", "absent.safetensors: is missing, expected by model.safetensors.index.json; get the files again")]
    [InlineData("part.safetensors", "part.safetensors: tensor \"of.no.model\" is missing, expected by model.safetensors.index.json; get the files again")]
    public void Files_that_a_list_of_shards_names(string file, string expected)
    {
        string model = _folder.CopyModel();
        File.Move(Path.Combine(model, "model.safetensors"), Path.Combine(model, "part.safetensors"));
        File.WriteAllText(Path.Combine(model, "model.safetensors.index.json"), $"{{\"weight_map\": {{\"of.no.model\": \"{file}\"}}}}");
        _folder.AssertUntouched(() => CommandRun.Of("convert", model, "--out", _folder.File("out")).AssertBadInput(expected));
    }

    private static void Rename(JsonObject header, string name, string to)
    {
        JsonNode tensor = header[name]!;
        header.Remove(name);
        header[to] = tensor;
    }

    private void AssertFileRefused(byte[] content, params string[] expected)
    {
        string model = _folder.CopyModel();
        string path = Path.Combine(model, "model.safetensors");
        File.WriteAllBytes(path, content);
        _folder.AssertUntouched(() => CommandRun.Of("info", model).AssertBadInput([path, .. expected]));
    }
}
