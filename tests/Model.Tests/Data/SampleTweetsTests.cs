using System.Text.RegularExpressions;
using Engine.Model.Data;
using Xunit;

namespace Engine.Model.Tests.Data;

/// <summary>What <c>samples/README.md</c> promises of the tweets that ship.</summary>
public sealed partial class SampleTweetsTests
{
    private readonly TextTable _training = Read("train.csv");
    private readonly TextTable _test = Read("test.csv");

    [Fact]
    public void Both_files_are_labelled_and_balanced_and_share_no_identifier()
    {
        Assert.Equal(882, _training.Count);
        Assert.Equal(221, _test.Count);
        Assert.Equal(407, _training.Labels!.Count(label => label == "1"));
        Assert.Equal(102, _test.Labels!.Count(label => label == "1"));
        Assert.All([.. _training.Labels!, .. _test.Labels!], label => Assert.True(label is "0" or "1"));
        Assert.Equal(_training.Count + _test.Count, _training.Ids.Concat(_test.Ids).Distinct().Count());
    }

    [Fact]
    public void No_two_tweets_are_alike()
    {
        string[] texts = [.. _training.Texts, .. _test.Texts];
        string[][] words = [.. texts.Select(text => Words().Matches(Links().Replace(text, " ").ToLowerInvariant()).Select(match => match.Value).ToArray())];
        Dictionary<string, int> numbers = [];
        int[][] wordSets = [.. words.Select(list => Numbers(list, numbers))];
        int[][] gramSets = [.. words.Select(list => Numbers(Grams(string.Join(' ', list)), numbers))];
        for (int i = 0; i < texts.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double alike = Math.Max(Jaccard(wordSets[i], wordSets[j]), Jaccard(gramSets[i], gramSets[j]));
                Assert.True(alike < 0.35, $"{alike:F2}: \"{texts[i]}\" and \"{texts[j]}\"");
            }
        }
    }

    private static TextTable Read(string name) =>
        TextTable.Read(Fixtures.At("..", "..", "samples", "disaster-tweets", name), new ColumnNames(), LabelColumn.Required);

    private static IEnumerable<string> Grams(string text) => Enumerable.Range(0, Math.Max(0, text.Length - 3)).Select(start => text.Substring(start, 4));

    /// <summary>A set of texts as sorted numbers, which are fast to intersect.</summary>
    private static int[] Numbers(IEnumerable<string> items, Dictionary<string, int> numbers)
    {
        HashSet<int> set = [];
        foreach (string item in items)
        {
            if (!numbers.TryGetValue(item, out int number))
                numbers.Add(item, number = numbers.Count);
            set.Add(number);
        }

        return [.. set.Order()];
    }

    private static double Jaccard(int[] left, int[] right)
    {
        int common = 0;
        for (int i = 0, j = 0; i < left.Length && j < right.Length;)
        {
            if (left[i] == right[j])
            {
                common++;
                i++;
                j++;
            }
            else if (left[i] < right[j])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        int all = left.Length + right.Length - common;
        return all == 0 ? 0 : (double)common / all;
    }

    [GeneratedRegex("[a-z0-9']+")]
    private static partial Regex Words();

    [GeneratedRegex(@"http\S+|&amp;")]
    private static partial Regex Links();
}
