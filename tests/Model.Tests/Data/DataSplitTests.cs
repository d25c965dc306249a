using Engine.Model.Data;
using Xunit;

namespace Engine.Model.Tests.Data;

public sealed class DataSplitTests
{
    [Theory]
    [InlineData(7613, 0.2, 6090)]
    [InlineData(10, 0.2, 8)]
    [InlineData(11, 0.2, 8)]
    [InlineData(10, 0.3, 7)]
    [InlineData(3, 0.0, 3)]
    [InlineData(1, 0.2, 0)]
    public void The_last_part_validates_as_with_keras(int rows, double fraction, int training)
    {
        DataSplit split = DataSplit.Last(rows, fraction);
        Assert.Equal(Enumerable.Range(0, training), split.Training);
        Assert.Equal(Enumerable.Range(training, rows - training), split.Validation);
    }

    [Theory]
    [InlineData(7613, 1522, 6091)]
    [InlineData(5, 0, 5)]
    [InlineData(5, 4, 1)]
    public void A_number_of_last_rows_validates(int rows, int count, int training)
    {
        DataSplit split = DataSplit.LastRows(rows, count);
        Assert.Equal(Enumerable.Range(0, training), split.Training);
        Assert.Equal(Enumerable.Range(training, count), split.Validation);
        Assert.Throws<ArgumentOutOfRangeException>(() => DataSplit.LastRows(rows, rows));
    }

    [Fact]
    public void Stratified_splits_keep_the_shares_and_depend_on_the_seed_only()
    {
        int[] labels = [.. Enumerable.Range(0, 1000).Select(row => row % 10 == 0 ? 2 : row % 3 == 0 ? 1 : 0), 3];
        DataSplit split = DataSplit.Stratified(labels, 0.2, 1);
        Assert.Equal(Enumerable.Range(0, labels.Length), split.Training.Concat(split.Validation).Order());
        Assert.Equal(split.Training.Order(), split.Training);
        for (int label = 0; label < 3; label++)
        {
            int all = labels.Count(value => value == label);
            Assert.Equal((int)Math.Round(all * 0.2), split.Validation.Count(row => labels[row] == label));
        }
        Assert.Contains(1000, split.Training);
        Assert.Equal(split.Validation, DataSplit.Stratified(labels, 0.2, 1).Validation);
        Assert.NotEqual(split.Validation, DataSplit.Stratified(labels, 0.2, 2).Validation);
        Assert.NotEqual(Enumerable.Range(labels.Length - split.Validation.Length, split.Validation.Length), split.Validation);
    }

    [Fact]
    public void The_generator_is_splitmix64()
    {
        // The first outputs for seed 1234567, as published with the algorithm's reference implementation.
        SeededRandom random = new(1234567);
        Assert.Equal(6457827717110365317UL, random.NextUInt64());
        Assert.Equal(3203168211198807973UL, random.NextUInt64());
        Assert.Equal(9817491932198370423UL, random.NextUInt64());
    }

    [Fact]
    public void Permutations_are_uniform()
    {
        // 24 orders of 4 values over 24,000 draws: chi-square with 23 degrees of freedom exceeds 49.7 once in 1,000 seeds.
        Dictionary<string, int> counts = [];
        SeededRandom random = new(5);
        for (int i = 0; i < 24000; i++)
        {
            string order = string.Join(",", random.Permutation(4));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(24, counts.Count);
        Assert.InRange(counts.Values.Sum(count => (count - 1000.0) * (count - 1000.0) / 1000.0), 5, 49.7);
    }
}
