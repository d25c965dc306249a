using System.Text.Json.Nodes;
using Engine.Kernels;

namespace Engine.Model.Conversion;

/// <summary>
/// The file <c>conversion.json</c> of a converted folder: what it was made from and with which settings, what each tensor came from, what was left
/// out, and the hashes of the source's files and of the written ones.
/// </summary>
internal static class ConversionRecord
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "conversion.json";

    /// <summary>The name of the hash, and of the field that holds one.</summary>
    public const string HashName = "xxh128";

    /// <summary>Makes the record.</summary>
    public static JsonObject Make(
        SourceModel source, ConversionPlan plan, ConvertedTokenizerFiles tokenizer, ConversionOptions options, IEnumerable<string> notes,
        IEnumerable<HashedFile> sourceFiles, IEnumerable<HashedFile> writtenFiles) => new()
        {
            ["source"] = new JsonObject
            {
                ["path"] = Path.GetFullPath(source.Path),
                ["kind"] = source.Kind,
                ["files"] = Files(sourceFiles),
            },
            ["settings"] = new JsonObject
            {
                ["dtype"] = options.Type.ToString(),
                ["attention_heads"] = plan.Sizes.Heads,
                ["gelu"] = Setting(plan.Gelu.Form == GeluForm.Erf ? "erf" : "tanh", plan.Gelu.Reason),
                ["do_lower_case"] = Setting(tokenizer.Lowercase, tokenizer.LowercaseReason),
                ["tokenizer"] = Setting(ConvertedTokenizerFiles.Name(tokenizer.Kind), tokenizer.KindReason),
                ["vocabulary"] = tokenizer.VocabularyPath,
            },
            ["notes"] = new JsonArray([.. notes.Select(note => (JsonNode)note)]),
            ["files"] = Files(writtenFiles),
            ["tensors"] = new JsonArray([.. plan.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).Select(Tensor)]),
            ["left_out"] = new JsonArray([.. plan.LeftOut.Select(LeftOut)]),
        };

    private static JsonObject Setting(JsonNode value, string reason) => new() { ["value"] = value, ["because"] = reason };

    private static JsonArray Files(IEnumerable<HashedFile> files) =>
        new([.. files.Select(file => new JsonObject { ["name"] = file.Name, ["bytes"] = file.Bytes, [HashName] = file.Hash })]);

    private static JsonNode Tensor(PlannedTensor tensor)
    {
        var entry = tensor.From.Entry;
        var json = new JsonObject
        {
            ["name"] = tensor.Name,
            ["from"] = entry.Name,
            ["type"] = entry.TypeName,
            ["shape"] = new JsonArray([.. entry.Shape.Select(size => (JsonNode)size)]),
            ["change"] = tensor.Change,
        };
        if (tensor.From.Name != entry.Name)
            json.Insert(2, "variable", tensor.From.Name);
        return json;
    }

    private static JsonNode LeftOut(LeftOut group) => new JsonObject
    {
        ["reason"] = group.Reason,
        ["count"] = group.Names.Count,
        ["names"] = new JsonArray([.. group.Names.Select(name => (JsonNode)name)]),
    };
}
