using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using Engine.Tokenizer;

namespace Engine.Benchmarks.Suites;

/// <summary>WordPiece on the sample tweets.</summary>
public class TokenizerSuite
{
    private readonly List<int> ids = [];
    private WordPieceTokenizer tokenizer = null!;
    private string[] texts = null!;

    [GlobalSetup]
    public void Prepare()
    {
        var root = Path.Combine(SourceFolder(), "..", "..");
        tokenizer = WordPieceTokenizer.Load(Path.Combine(root, "weights", "all-MiniLM-L6-v2"));
        texts = File.ReadAllLines(Path.Combine(root, "samples", "disaster-tweets", "train.csv"));
    }

    /// <summary>Every text by itself into one list.</summary>
    /// <returns>The number of tokens.</returns>
    [Benchmark]
    public int Encode()
    {
        ids.Clear();
        foreach (var text in texts)
            tokenizer.Encode(text, ids);
        return ids.Count;
    }

    /// <summary>All texts at once, cut to 160 tokens, on all cores.</summary>
    /// <returns>The texts' tokens.</returns>
    [Benchmark]
    public object EncodeAll() => tokenizer.EncodeAll(texts, maxLength: 160);

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
