using Engine.Model.Data;
using Xunit;

namespace Engine.Model.Tests.Data;

public sealed class LabelMapTests
{
    [Fact]
    public void Integers_are_ordered_by_value_and_words_by_code()
    {
        Assert.Equal(["0", "1"], LabelMap.FromTable(Table("1", "0", "1")).Names);
        Assert.Equal(["-1", "2", "10"], LabelMap.FromTable(Table("10", "2", "-1", "10")).Names);
        Assert.Equal(["10", "2", "b"], LabelMap.FromTable(Table("b", "2", "10")).Names);
    }

    [Fact]
    public void Encoding_gives_class_numbers()
    {
        LabelMap map = new(["no", "yes"]);
        Assert.Equal([1, 0, 1], map.Encode(Table("yes", "no", "yes")));
    }

    [Fact]
    public void A_label_that_does_not_fit_is_named_with_its_line()
    {
        LabelMap map = new(["0", "1"]);
        string message = Assert.Throws<ModelException>(() => map.Encode(Table("0", "2"))).Message;
        Assert.Contains("line 3: the label \"2\" is none of the classes \"0\", \"1\"", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_that_are_no_classes_are_refused()
    {
        Assert.Contains("line 3: the label is empty", Message("0", ""), StringComparison.Ordinal);
        Assert.Contains("all 2 rows have the label \"1\"", Message("1", "1"), StringComparison.Ordinal);
        Assert.Contains("30 different labels in 30 rows", Message([.. Enumerable.Range(0, 30).Select(i => $"text {i}")]), StringComparison.Ordinal);

        static string Message(params string[] labels) => Assert.Throws<ModelException>(() => LabelMap.FromTable(Table(labels))).Message;
    }

    private static TextTable Table(params string[] labels) =>
        new("t.csv", labels, labels, null, labels, [.. Enumerable.Range(2, labels.Length)]);
}
