using Engine.Model.Data;
using Xunit;

namespace Engine.Model.Tests.Data;

public sealed class TextTableTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Columns_are_found_by_name_and_quotes_follow_the_rfc()
    {
        string path = _folder.Write("a.csv", "target,text,keyword,id,location\r\n1,\"fire, \"\"big\"\"\r\nnow\",k,7,\r\n0,he said \"hi\" there,,8,x\n\n1,é 🔥,,9,\n");
        TextTable table = TextTable.Read(path, new ColumnNames(), LabelColumn.Required);
        Assert.Equal(["fire, \"big\"\r\nnow", "he said \"hi\" there", "é 🔥"], table.Texts);
        Assert.Equal(["7", "8", "9"], table.Ids);
        Assert.Equal(["1", "0", "1"], table.Labels!);
        Assert.Equal([2, 4, 6], table.Lines);
        Assert.Null(table.Pairs);
    }

    [Fact]
    public void A_byte_order_mark_is_dropped_and_a_missing_id_is_numbered()
    {
        string path = _folder.Write("a.csv", [0xEF, 0xBB, 0xBF, .. "text,b\nx,y\nz,w\n"u8]);
        TextTable table = TextTable.Read(path, new ColumnNames { Pair = "b" }, LabelColumn.Optional);
        Assert.Equal(["0", "1"], table.Ids);
        Assert.Equal(["x", "z"], table.Texts);
        Assert.Equal(["y", "w"], table.Pairs!);
        Assert.Null(table.Labels);
    }

    [Fact]
    public void Json_lines_give_the_same_table()
    {
        string path = _folder.Write("a.jsonl", "{\"id\": 7, \"text\": \"a\\nb\", \"target\": 1}\n\n{\"text\": \"\\ud83d\\udd25\", \"target\": false, \"id\": \"x\"}\n");
        TextTable table = TextTable.Read(path, new ColumnNames(), LabelColumn.Required);
        Assert.Equal(["a\nb", "🔥"], table.Texts);
        Assert.Equal(["7", "x"], table.Ids);
        Assert.Equal(["1", "false"], table.Labels!);
        Assert.Equal([1, 3], table.Lines);
    }

    [Theory]
    [InlineData("a.csv", "", "is empty")]
    [InlineData("a.csv", "text,target\n", "no rows")]
    [InlineData("a.csv", "tweet,target\nx,1\n", "no column \"text\"; its columns are \"tweet\", \"target\"; name the column to read with --text-column")]
    [InlineData("a.csv", "text,label\nx,1\n", "no column \"target\"")]
    [InlineData("a.csv", "text,text,target\nx,y,1\n", "two columns \"text\"")]
    [InlineData("a.csv", "text,target\nx,1\ny, z,1\n", "line 3: 3 fields, and 2 were expected")]
    [InlineData("a.csv", "text,target\nx,1\ny\n", "line 3: 1 fields, and 2 were expected")]
    [InlineData("a.csv", "text,target\nx,1\n\"y,1\nz,0\n", "line 3: a quoted field is not closed")]
    [InlineData("a.csv", "text,target\n\"x\"y,1\n", "line 2: a quoted field is not closed")]
    [InlineData("a.jsonl", "\n", "is empty")]
    [InlineData("a.jsonl", "{\"text\": \"x\", \"target\": 1}\n{\"text\"", "line 2: no JSON object")]
    [InlineData("a.jsonl", "[1]\n", "line 1: a JSON array")]
    [InlineData("a.jsonl", "{\"target\": 1}\n", "line 1: no property \"text\"")]
    [InlineData("a.jsonl", "{\"text\": [], \"target\": 1}\n", "line 1: \"text\" is no text")]
    [InlineData("a.jsonl", "{\"text\": \"\\ud800\", \"target\": 1}\n", "line 1: \"text\" is no valid text")]
    public void Bad_content_says_what_and_where(string name, string content, string expected)
    {
        string path = _folder.Write(name, content);
        ModelException exception = Assert.Throws<ModelException>(() => TextTable.Read(path, new ColumnNames(), LabelColumn.Required));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused_with_their_line()
    {
        string path = _folder.Write("latin1.csv", [.. "text,target\ngood,1\nd"u8, 0xE9, .. "j,0\n"u8]);
        ModelException exception = Assert.Throws<ModelException>(() => TextTable.Read(path, new ColumnNames(), LabelColumn.Required));
        Assert.Contains("line 3: the bytes 0xE9 are not UTF-8", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_absent_file_and_a_folder_are_refused()
    {
        Assert.Contains("does not exist", Assert.Throws<ModelException>(() => StrictUtf8.ReadFile(_folder.File("none.csv"))).Message, StringComparison.Ordinal);
        Assert.Contains("is a folder", Assert.Throws<ModelException>(() => StrictUtf8.ReadFile(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_lines_are_texts_with_their_line_numbers()
    {
        // A line ends at a line feed and nowhere else: other separators are part of a text.
        TextTable table = TextTable.ReadLines(_folder.Write("lines.txt", "one\r\n \n\ntwo\u2028still two\fand still\n three,\"four\""));
        Assert.Equal(["one", "two\u2028still two\fand still", " three,\"four\""], table.Texts);
        Assert.Equal(["0", "1", "2"], table.Ids);
        Assert.Equal([1, 4, 5], table.Lines);
        Assert.EndsWith("lines.txt, line 4", table.Describe(1), StringComparison.Ordinal);
        Assert.Equal("here", TextTable.FromTexts("here", ["a"]).Describe(0));
        Assert.Contains("is empty", Assert.Throws<ModelException>(() => TextTable.ReadLines(_folder.Write("none.txt", "\n \r\n"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_can_be_selected()
    {
        TextTable table = new("t", ["a", "b", "c"], ["x", "y", "z"], null, ["0", "1", "0"], [2, 3, 4]);
        TextTable picked = table.Select([2, 0]);
        Assert.Equal(["z", "x"], picked.Texts);
        Assert.Equal([4, 2], picked.Lines);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_no_other()
    {
        string path = _folder.Write("out.csv", "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.WriteText(path, writer =>
        {
            writer.Write("new");
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder.Path));
        AtomicFile.WriteText(path, writer => writer.WriteLine("new"));
        Assert.Equal("new\n"u8.ToArray(), File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }
}
