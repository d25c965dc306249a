using System.Globalization;
using System.Text.Json.Nodes;

namespace Engine.Model;

/// <summary>
/// How a head is written in <c>config.json</c>. Heads on the pooled output are <c>transformers</c>' <c>BertForSequenceClassification</c>;
/// the others name <c>BertModel</c> as architecture and describe the head in a section of their own, so that no other program silently
/// applies a different function.
/// </summary>
internal static class HeadConfiguration
{
    private const string Section = "engine_head";
    private const string SequenceClassification = "BertForSequenceClassification";

    /// <summary>The head that a configuration describes, or null.</summary>
    public static HeadOptions? Read(JsonFields fields, float hiddenDropout)
    {
        float dropout = fields.Probability("classifier_dropout", hiddenDropout);
        if (fields.Json[Section] is { } node)
        {
            if (node is not JsonObject section)
                throw fields.Wrong(Section, "not an object", "an object with kind, labels and dropout");
            var inner = new JsonFields($"{fields.Path} ({Section})", section);
            string name = inner.Text("kind", "");
            if (!Enum.TryParse(name, out HeadKind kind) || kind.ToString() != name)
                throw inner.Wrong("kind", $"\"{name}\"", $"one of {string.Join(", ", Enum.GetNames<HeadKind>())}");
            if (section["labels"] is not JsonArray list || !list.All(l => l is JsonValue value && value.TryGetValue(out string? _)))
                throw inner.Wrong("labels", "missing or not an array of texts", "the names of the classes by index");
            var head = new HeadOptions(kind, [.. list.Select(l => l!.GetValue<string>())], inner.Probability("dropout", 0f));
            try
            {
                head.Validate();
            }
            catch (ModelException exception)
            {
                throw new ModelException($"{inner.Path}: {exception.Message}", exception);
            }

            return head;
        }

        bool classifies = fields.Json["architectures"] is JsonArray { Count: > 0 } architectures
            && architectures[0] is JsonValue first && first.TryGetValue(out string? architecture) && architecture == SequenceClassification;
        if (!classifies)
            return null;
        var labels = ReadLabels(fields);
        string problem = fields.Text("problem_type", "single_label_classification");
        if (problem != "single_label_classification" || labels.Count < 2)
        {
            throw fields.Wrong(
                "problem_type",
                $"\"{problem}\" with {labels.Count} label(s)",
                "\"single_label_classification\" with at least 2: regression and several labels at once are not supported");
        }

        return new HeadOptions(HeadKind.PooledSoftmax, labels, dropout);
    }

    /// <summary>Describes a head, heads of the pre-training tasks, or none, in a configuration.</summary>
    public static void Write(HeadOptions? head, PretrainingHeads pretraining, JsonObject json)
    {
        foreach (string name in new[] { Section, "id2label", "label2id", "num_labels", "problem_type", "classifier_dropout" })
            json.Remove(name);
        bool pooled = head?.Pooling == Pooling.Pooled;
        json["architectures"] = new JsonArray(pooled ? SequenceClassification : Architecture(pretraining));
        if (head is null)
            return;

        // transformers derives the classifier's width from id2label: a sigmoid head has one output, named by its positive class.
        var outputs = head.IsSigmoid ? [head.Labels[1]] : head.Labels;
        if (pooled)
        {
            json["id2label"] = new JsonObject(outputs.Select((label, i) =>
                KeyValuePair.Create<string, JsonNode?>(i.ToString(CultureInfo.InvariantCulture), label)));
            json["label2id"] = new JsonObject(outputs.Select((label, i) => KeyValuePair.Create<string, JsonNode?>(label, i)));
            json["problem_type"] = head.IsSigmoid ? "multi_label_classification" : "single_label_classification";
            json["classifier_dropout"] = (double)(decimal)head.Dropout;
        }

        if (head.Kind != HeadKind.PooledSoftmax)
        {
            json[Section] = new JsonObject
            {
                ["kind"] = head.Kind.ToString(),
                ["labels"] = new JsonArray([.. head.Labels.Select(l => (JsonNode)l)]),
                ["dropout"] = (double)(decimal)head.Dropout,
            };
        }
    }

    private static string Architecture(PretrainingHeads heads) => heads switch
    {
        PretrainingHeads.None => "BertModel",
        PretrainingHeads.MaskedLanguage => "BertForMaskedLM",
        PretrainingHeads.NextSentence => "BertForNextSentencePrediction",
        _ => "BertForPreTraining",
    };

    private static List<string> ReadLabels(JsonFields fields)
    {
        if (fields.Json["id2label"] is null)
            return ["LABEL_0", "LABEL_1"];
        if (fields.Json["id2label"] is not JsonObject map)
            throw fields.Wrong("id2label", "not an object", "an object from index to name");
        var labels = new List<string>();
        for (int i = 0; i < map.Count; i++)
        {
            if (map[i.ToString(CultureInfo.InvariantCulture)] is not JsonValue value || !value.TryGetValue(out string? label))
                throw fields.Wrong("id2label", $"without a name for {i}", $"names for 0 to {map.Count - 1}");
            labels.Add(label);
        }

        return labels;
    }
}
