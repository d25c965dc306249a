using Engine.Model.Checkpoints;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Tests.Training;

/// <summary>
/// What Keras recorded of the classic script on the small hub export: 20 sequences, batch 4, three epochs in the rows' order, the last 20 % held
/// out, Adam 1e-3, no dropout.
/// </summary>
internal sealed class KerasFit : IDisposable
{
    private readonly SafetensorsFile _file = SafetensorsFile.Open(Fixtures.At("checkpoints", "keras-fit.safetensors"));

    public KerasFit()
    {
        int longest = _file.Tensors["in.input_word_ids"].Shape[1];
        int[][] ids = Rows("in.input_word_ids"), types = Rows("in.input_type_ids"), masks = Rows("in.input_mask");
        int[] labels = [.. _file.ReadFloats("labels").Select(label => (int)label)];
        int[] lengths = [.. masks.Select(mask => mask.Sum())];
        All = Select([.. Enumerable.Range(0, labels.Length)]);
        DataSplit split = DataSplit.Last(labels.Length, 0.2);
        Training = Select(split.Training);
        Validation = Select(split.Validation);

        int[][] Rows(string name) => [.. _file.ReadIntegers(name).Chunk(longest)];

        LabelledTexts Select(int[] rows) => new(
            TokenizedTexts.FromTokens(
                [.. rows.SelectMany(row => ids[row].Take(lengths[row]))],
                [.. rows.SelectMany(row => types[row].Take(lengths[row]))],
                [0, .. rows.Select((_, i) => rows[..(i + 1)].Sum(row => lengths[row]))]),
            [.. rows.Select(row => labels[row])]);
    }

    public LabelledTexts All { get; }

    public LabelledTexts Training { get; }

    public LabelledTexts Validation { get; }

    /// <summary>An array of the file.</summary>
    public float[] this[string name] => _file.ReadFloats(name);

    public void Dispose() => _file.Dispose();
}
