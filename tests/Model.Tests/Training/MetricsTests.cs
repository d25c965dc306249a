using Engine.Model.Data;
using Engine.Model.Training;
using Xunit;

namespace Engine.Model.Tests.Training;

public sealed class MetricsTests
{
    [Fact]
    public void Figures_of_a_binary_problem_follow_their_definitions()
    {
        // True positives 3, false positives 1, false negatives 2, true negatives 4.
        ConfusionMatrix matrix = new(2, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]);
        Assert.Equal(0.7, matrix.Accuracy, 12);
        Assert.Equal(3.0 / 4, matrix.Precision(1), 12);
        Assert.Equal(3.0 / 5, matrix.Recall(1), 12);
        Assert.Equal(2 * 0.75 * 0.6 / 1.35, matrix.F1(1), 12);
        Assert.Equal(2, matrix[1, 0]);
        Assert.Equal(1, matrix[0, 1]);
        Assert.Equal((0.75 + (4.0 / 6)) / 2, matrix.MacroPrecision, 12);
        Assert.Equal((0.6 + 0.8) / 2, matrix.MacroRecall, 12);
    }

    [Fact]
    public void A_class_that_is_never_predicted_or_never_there_counts_as_zero()
    {
        ConfusionMatrix matrix = new(3, [0, 0, 1], [0, 0, 0]);
        Assert.Equal(0, matrix.Precision(1));
        Assert.Equal(0, matrix.F1(1));
        Assert.Equal(0, matrix.Recall(2));
        Assert.Equal(2.0 / 3, matrix.Accuracy, 12);
    }

    [Fact]
    public void Area_under_the_curve_is_the_share_of_pairs_in_order()
    {
        SeededRandom random = new(3);
        float[] scores = [.. Enumerable.Range(0, 200).Select(_ => random.NextBelow(40) / 40f)];
        bool[] positive = [.. scores.Select(score => random.NextBelow(100) < 20 + (60 * score))];
        double inOrder = 0;
        long pairs = 0;
        for (int p = 0; p < scores.Length; p++)
        {
            for (int n = 0; n < scores.Length; n++)
            {
                if (!positive[p] || positive[n])
                    continue;
                pairs++;
                inOrder += scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0;
            }
        }
        Assert.Equal(inOrder / pairs, RankingMetrics.AreaUnderCurve(scores, positive), 12);
        Assert.Equal(double.NaN, RankingMetrics.AreaUnderCurve([1, 2], [true, true]));
    }

    [Fact]
    public void The_majority_class_is_chosen_on_training_rows()
    {
        MajorityBaseline baseline = MajorityBaseline.Of(2, [0, 1, 1], [0, 0, 0, 1]);
        Assert.Equal(1, baseline.Class);
        Assert.Equal(0.25, baseline.Accuracy, 12);
    }
}
