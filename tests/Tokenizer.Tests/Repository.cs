using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Engine.Tokenizer.Tests;

/// <summary>Where the repository's files are.</summary>
internal static class Repository
{
    private static readonly ConcurrentDictionary<(string Convention, bool Lowercase), WordPieceTokenizer> Tokenizers = [];

    public static string Root { get; } = FindRoot();

    public static string WeightsFolder => Path.Combine(Root, "weights", "all-MiniLM-L6-v2");

    /// <summary>The folder of reference data beside the repository; absent on most machines.</summary>
    public static string SharedFolder => Path.Combine(Path.GetDirectoryName(Root)!, "shared");

    public static WordPieceTokenizer Uncased { get; } = WordPieceTokenizer.Load(WeightsFolder);

    public static WordPieceTokenizer Cased { get; } = new(Uncased.Vocabulary, Uncased.Options with { Lowercase = false });

    /// <summary>The shipped vocabulary in another convention.</summary>
    public static WordPieceTokenizer Tokenizer(string convention, bool lowercase) => Tokenizers.GetOrAdd((convention, lowercase), key =>
    {
        Assert.True(TokenizerConventionNames.TryParse(key.Convention, out TokenizerConvention parsed));
        return new WordPieceTokenizer(Uncased.Vocabulary, Uncased.Options with { Lowercase = key.Lowercase, Convention = parsed });
    });

    public static string Fixture(string name) => Path.Combine(Root, "tests", "fixtures", "tokenizer", name);

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        foreach (string start in (string[])[AppContext.BaseDirectory, Path.GetDirectoryName(thisFile)!])
        {
            for (string? folder = start; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (File.Exists(Path.Combine(folder, "Engine.sln")))
                    return folder;
            }
        }
        throw new DirectoryNotFoundException("Engine.sln is in no folder above the tests.");
    }
}
