using System.CommandLine;

namespace Engine.Benchmarks;

/// <summary>Kaggle's train.csv of Disaster Tweets, which cannot be shipped, and the tweets that are shipped instead.</summary>
internal static class TweetFile
{
    /// <summary>The tweets that ship.</summary>
    public const string Shipped = "samples/disaster-tweets/train.csv";
    private static readonly string[] Places = ["shared/data/disaster-tweets/train.csv", "data/disaster-tweets/train.csv"];

    /// <summary>Makes <c>--data</c>.</summary>
    /// <param name="otherwise">What is done where the file is neither named nor in the usual place.</param>
    /// <returns>The option; <see cref="Find"/> takes its value.</returns>
    public static Option<string?> MakeOption(string otherwise)
    {
        Option<string?> option = new("--data")
        {
            HelpName = "FILE",
            Description = $"Kaggle's train.csv of Disaster Tweets (7,613 rows). [default: {Places[^1]}, here or above; where there is none, {otherwise}]",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } file && !File.Exists(file))
                result.AddError($"--data {file}: there is no such file; expected a CSV file with the columns text and target");
        });
        return option;
    }

    /// <summary>Returns the file that the user named, or that in the usual place.</summary>
    /// <param name="named">What the user named, or null.</param>
    /// <returns>The file; null where there is none.</returns>
    public static string? Find(string? named) => named ?? Places.Select(RepositoryFiles.Find).FirstOrDefault(found => found is not null);
}
