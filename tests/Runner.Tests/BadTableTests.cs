using System.Globalization;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Tables of texts that are malformed: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class BadTableTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("fields.csv", "text,target\na,0\nb,1,c\n", "fields.csv, line 3: 3 fields, and 2 were expected, as in the header; put fields that hold commas or line breaks in quotes")]
    [InlineData("quote.csv", "text,target\na,0\n\"b,1\n", "quote.csv, line 3: a quoted field is not closed properly; inside quotes, a quote must be written twice")]
    [InlineData("columns.csv", "text,target,text\na,0,b\n", "columns.csv has two columns \"text\"; one was expected; rename one of them")]
    [InlineData("blank.jsonl", "\n \n", "blank.jsonl is empty; at least one line with a JSON object was expected")]
    [InlineData("array.jsonl", "{\"text\": \"a\", \"target\": 0}\n[1]\n", "array.jsonl, line 2: a JSON array, and an object was expected; write {\"text\": ...} on each line")]
    [InlineData("broken.jsonl", "{\"text\": \"a\", \"target\": 0}\n{\"text\": \n", "broken.jsonl, line 2: no JSON object, which was expected on each line; correct the line")]
    [InlineData("property.jsonl", "{\"text\": \"a\", \"target\": 0}\n{\"txt\": \"b\"}\n", "property.jsonl, line 2: no property \"text\", which was expected on each line; add it or name another one")]
    [InlineData("kind.jsonl", "{\"text\": [\"a\"], \"target\": 0}\n", "kind.jsonl, line 1: \"text\" is no text or number, which was expected; correct the line")]
    [InlineData("half.jsonl", "{\"text\": \"\\ud83d\", \"target\": 0}\n", "half.jsonl, line 1: \"text\" is no valid text (half a surrogate pair); correct the line")]
    public void Rows(string name, string content, string expected)
    {
        string file = _folder.Write(name, content);
        string good = _folder.Write("good.csv", SmallTask.Csv(20));
        _folder.AssertUntouched(() =>
        {
            Train(file).AssertBadInput(expected);
            Train(good, "--validation", file).AssertBadInput(expected);
            Train(good, "--test", file).AssertBadInput(expected);
        });
    }

    [Fact]
    public void Labels_of_some_rows_only()
    {
        // Labels may be left out of a table to test on, all of them.
        string good = _folder.Write("good.csv", SmallTask.Csv(20)), some = _folder.Write("some.jsonl", "{\"text\": \"a\", \"target\": 0}\n{\"text\": \"b\"}\n");
        _folder.AssertUntouched(() =>
        {
            Train(some).AssertBadInput("some.jsonl, line 2: no property \"target\", which was expected on each line");
            Train(good, "--test", some).AssertBadInput("some.jsonl: 1 of 2 lines have \"target\"; all or none was expected; complete the labels");
        });
    }

    [Fact]
    public void Labels_that_are_no_classes()
    {
        string file = _folder.Write("numbers.csv", "text,target\n" + string.Concat(Enumerable.Range(0, 30).Select(i => string.Create(CultureInfo.InvariantCulture, $"a,{i}\n"))));
        _folder.AssertUntouched(() => Train(file).AssertBadInput("numbers.csv: 30 different labels in 30 rows are no classes", "name the right column with --label-column"));
    }

    [Fact]
    public void Folders_in_the_place_of_files()
    {
        string folder = Directory.CreateDirectory(_folder.File("table.csv")).FullName, good = _folder.Write("good.csv", SmallTask.Csv(20));
        _folder.AssertUntouched(() =>
        {
            foreach (string[] arguments in new string[][] { [folder], [good, "--validation", folder], [good, "--test", folder] })
                Train(arguments[0], arguments[1..]).AssertBadInput("table.csv is a folder, and a file was expected; give the file's path");
            foreach (string command in new[] { "predict", "evaluate", "embed", "fill-mask", "next-sentence", "tokenize" })
                CommandRun.Of([command, "--model", Repository.SmallModel, "--input", folder, .. command == "evaluate" ? Array.Empty<string>() : ["--out", _folder.File("out")]])
                    .AssertBadInput(command is "predict" or "evaluate" ? "no classification head" : "table.csv is a folder, and a file was expected; give the file's path");
        });
    }

    private CommandRun Train(string file, params string[] more) =>
        CommandRun.Of(["train", "--train", file, "--out", _folder.File("out"), "--model", Repository.SmallModel, "--device", "cpu", .. more]);
}
