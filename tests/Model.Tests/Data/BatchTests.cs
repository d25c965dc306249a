using Engine.Model.Data;
using Engine.Tokenizer;
using Xunit;

namespace Engine.Model.Tests.Data;

public sealed class BatchTests
{
    private static readonly WordPieceTokenizer Tokenizer = new(new Vocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c"]));

    [Fact]
    public void Rows_are_packed_one_after_another_without_padding()
    {
        TokenizedTexts texts = Tokenizer.EncodeAll(["a b c", "c", "b b"], ["a", "b c", ""]);
        BatchPacker packer = new(texts, [1, 0, 1], new BatchLimits(20, 3));
        PackedBatch batch = packer.Pack([2, 0]);
        Assert.Equal([2, 5, 5, 3, 3, 2, 4, 5, 6, 3, 4, 3], batch.Ids.ToArray());
        Assert.Equal([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1], batch.Segments.ToArray());
        Assert.Equal([0, 5, 12], batch.SequenceOffsets.ToArray());
        Assert.Equal([1, 1], batch.Labels.ToArray());
        batch = packer.Pack([1]);
        Assert.Equal([2, 6, 3, 5, 6, 3], batch.Ids.ToArray());
        Assert.Equal([0], batch.Labels.ToArray());
        Assert.True(new BatchPacker(texts, null, new BatchLimits(20, 3)).Pack([0]).Labels.IsEmpty);
    }

    [Fact]
    public void A_plan_holds_every_row_once_within_the_limits_the_longest_first()
    {
        TokenizedTexts texts = Tokenizer.EncodeAll([.. Enumerable.Range(0, 50).Select(row => string.Join(' ', Enumerable.Repeat("a", row * 7 % 11)))]);
        BatchLimits limits = new(30, 5);
        List<int[]> batches = BatchPlan.ByLength(texts, limits);
        Assert.Equal(Enumerable.Range(0, 50), batches.SelectMany(batch => batch).Order());
        Assert.All(batches, batch => Assert.InRange(batch.Length, 1, 5));
        Assert.All(batches, batch => Assert.InRange(batch.Sum(texts.Length), 1, 30));
        int[] lengths = [.. batches.SelectMany(batch => batch).Select(texts.Length)];
        Assert.Equal(lengths.OrderDescending(), lengths);
        Assert.Equal(12, BatchPlan.LongestRow(texts));
        Assert.Throws<ArgumentException>(() => BatchPlan.ByLength(texts, new BatchLimits(11, 5)));
    }

    [Fact]
    public void Predictions_are_written_with_the_probability_of_their_label()
    {
        using TemporaryFolder folder = new();
        LabelMap labels = new(["no", "yes, \"really\""]);
        string path = folder.File("p.csv");
        Assert.Equal(2, PredictionWriter.Write(path, ["a,b", "7"], labels, [1, 0], [0.25f, 0.75f, 0.875f, 0.125f], allProbabilities: true));
        Assert.Equal(
            "id,label,probability,probability of no,\"probability of yes, \"\"really\"\"\"\n\"a,b\",\"yes, \"\"really\"\"\",0.75,0.25,0.75\n7,no,0.875,0.875,0.125\n",
            File.ReadAllText(path));
        TextTable back = TextTable.Read(path, new ColumnNames { Text = "label", Label = "probability" }, LabelColumn.Required);
        Assert.Equal(["a,b", "7"], back.Ids);
        Assert.Equal(["yes, \"really\"", "no"], back.Texts);
        Assert.Equal(1, PredictionWriter.Write(folder.File("p.jsonl"), ["a\"b", "7"], labels, [1, 0], [0.25f, 0.75f, 0.875f, 0.125f], only: 0));
        Assert.Equal("{\"id\":\"7\",\"label\":\"no\",\"probability\":0.875}\n", File.ReadAllText(folder.File("p.jsonl")));
    }

    [Fact]
    public void Embeddings_are_written_so_that_every_bit_comes_back()
    {
        using TemporaryFolder folder = new();
        float[] vectors = [0.1f, -1f / 3, 1e-20f, 3f];
        EmbeddingWriter.Write(folder.File("v.csv"), ["x", "y"], vectors);
        string[] lines = File.ReadAllLines(folder.File("v.csv"));
        Assert.Equal("id,v0,v1", lines[0]);
        Assert.Equal(vectors, lines.Skip(1).SelectMany(line => line.Split(',').Skip(1)).Select(value => float.Parse(value, System.Globalization.CultureInfo.InvariantCulture)));
        EmbeddingWriter.Write(folder.File("v.jsonl"), ["x", "y"], vectors);
        Assert.StartsWith("{\"id\":\"x\",\"embedding\":[0.1,", File.ReadAllText(folder.File("v.jsonl")), StringComparison.Ordinal);
    }
}
