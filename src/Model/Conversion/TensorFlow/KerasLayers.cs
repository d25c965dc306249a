using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>
/// The layers of a functional Keras model and what each takes its input from, as Keras describes them in JSON (<c>config.layers[]</c>, each with <c>class_name</c>,
/// <c>config</c> and <c>inbound_nodes</c>).
/// </summary>
internal sealed class KerasLayers
{
    private readonly Dictionary<string, JsonObject> layers;

    private KerasLayers(Dictionary<string, JsonObject> layers, bool? hasNamedOutputs)
    {
        this.layers = layers;
        HasNamedOutputs = hasNamedOutputs;
    }

    /// <summary>Whether the model's outputs have names (TF-Hub's versions 3 and 4) or are a list (versions 1 and 2); null where it does not say.</summary>
    public bool? HasNamedOutputs { get; }

    /// <summary>Reads what Keras says of a model.</summary>
    /// <param name="json">The text; it may say nothing.</param>
    /// <returns>Null where it describes no layers.</returns>
    public static KerasLayers? Parse(string json)
    {
        try
        {
            if (json.Length == 0 || JsonText.Parse(Encoding.UTF8.GetBytes(json)) is not JsonObject { } root || root["config"] is not JsonObject config || config["layers"] is not JsonArray list)
                return null;
            var layers = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
            foreach (var layer in list.OfType<JsonObject>())
            {
                if ((TextOf(layer, "name") ?? TextOf(layer["config"] as JsonObject, "name")) is { } name)
                    layers[name] = layer;
            }

            bool? hasNamedOutputs = config["output_layers"] is { } outputs ? outputs is JsonObject : null;
            return new KerasLayers(layers, hasNamedOutputs);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The class of a layer, such as <c>Dense</c>; null where there is no such layer.</summary>
    public string? ClassOf(string layer) => layers.TryGetValue(layer, out var found) ? TextOf(found, "class_name") : null;

    /// <summary>A setting of a layer as text, or null.</summary>
    public string? SettingOf(string layer, string name) => layers.TryGetValue(layer, out var found) ? TextOf(found["config"] as JsonObject, name) : null;

    /// <summary>A setting of a layer as a number, or null.</summary>
    public double? NumberOf(string layer, string name) =>
        layers.TryGetValue(layer, out var found) && found["config"] is JsonObject config && config[name] is JsonValue value && value.TryGetValue(out double number)
            ? number
            : null;

    /// <summary>The layer that a layer takes its first input from, and which of its outputs; null where it says none.</summary>
    public (string Layer, int Output)? InputOf(string layer) =>
        layers.TryGetValue(layer, out var found) && FirstReference(found["inbound_nodes"]) is { } reference
            && reference[0]!.GetValue<string>() is var name && reference.Count > 2 && reference[2] is JsonValue index && index.TryGetValue(out int output)
                ? (name, output)
                : null;

    /// <summary>Whether a layer's inputs have names (a dictionary) or are a list.</summary>
    public bool HasNamedInputs(string layer) =>
        layers.TryGetValue(layer, out var found) && found["inbound_nodes"] is JsonArray { Count: > 0 } nodes && nodes[0] is JsonObject;

    /// <summary>Whether a layer takes the first token's state: <c>x[:, 0, :]</c> or <c>x[:, 0]</c>.</summary>
    public bool TakesFirstToken(string layer)
    {
        if (!layers.TryGetValue(layer, out var found))
            return false;
        if (ClassOf(layer) == "SlicingOpLambda")
            return FindField(found["inbound_nodes"], "slice_spec") is { } slice && Items(slice) is { Count: >= 2 } items && items[1] is JsonValue value && value.TryGetValue(out int at) && at == 0;

        // TensorFlow 2.3 and before: the operation itself, with begin, end and strides as constants.
        return ClassOf(layer) == "TensorFlowOpLayer" && found["config"] is JsonObject config && config["node_def"]?.ToJsonString().Contains("StridedSlice", StringComparison.Ordinal) == true
            && config["constants"] is JsonObject constants && constants["1"] is JsonArray begin && constants["2"] is JsonArray end
            && IntegerAt(begin, 1) == 0 && IntegerAt(end, 1) == 1;
    }

    private static JsonArray? Items(JsonNode slice) => slice as JsonArray ?? (slice as JsonObject)?["items"] as JsonArray;

    private static int? IntegerAt(JsonArray array, int index) =>
        array.Count > index && array[index] is JsonValue value && value.TryGetValue(out int number) ? number : null;

    private static JsonArray? FirstReference(JsonNode? node) => node switch
    {
        JsonArray { Count: > 1 } array when array[0] is JsonValue value && value.TryGetValue(out string? _) => array,
        JsonArray array => array.Select(FirstReference).FirstOrDefault(found => found is not null),
        JsonObject json => json.Select(field => FirstReference(field.Value)).FirstOrDefault(found => found is not null),
        _ => null,
    };

    private static JsonNode? FindField(JsonNode? node, string name) => node switch
    {
        JsonObject json when json[name] is { } found => found,
        JsonObject json => json.Select(field => FindField(field.Value, name)).FirstOrDefault(found => found is not null),
        JsonArray array => array.Select(item => FindField(item, name)).FirstOrDefault(found => found is not null),
        _ => null,
    };

    private static string? TextOf(JsonObject? json, string name) => json?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
