using Engine.Model.Training;
using Xunit;

namespace Engine.Model.Tests.Training;

/// <summary>The rule of Keras's <c>ReduceLROnPlateau</c>, followed by hand epoch by epoch.</summary>
public sealed class PlateauRuleTests
{
    /// <summary>Patience counts epochs that are not better; the last of them lowers the rate, and the count begins anew.</summary>
    [Theory]
    [InlineData(1, new[] { 1.0, 1.0, 0.5, 0.25 })]
    [InlineData(2, new[] { 1.0, 1.0, 1.0, 0.5 })]
    [InlineData(3, new[] { 1.0, 1.0, 1.0, 1.0 })]
    public void Patience(int patience, double[] expected) =>
        Assert.Equal(expected, Rates(new PlateauSettings(0.5, patience, MinDelta: 0), 0.9, 0.8, 0.8, 0.85));

    [Fact]
    public void A_better_loss_starts_the_count_again() =>
        Assert.Equal([1.0, 1.0, 1.0, 1.0, 0.5], Rates(new PlateauSettings(0.5, 2, MinDelta: 0), 0.9, 0.95, 0.8, 0.81, 0.8));

    /// <summary>Better means lower than the best by more than the margin, and the best stays where it was until then.</summary>
    [Fact]
    public void A_loss_within_the_margin_is_not_better()
    {
        PlateauSettings settings = new(0.5, 1, MinDelta: 0.125);
        Assert.Equal([1.0, 0.5, 0.25, 0.25], Rates(settings, 1.0, 0.9375, 0.875, 0.8125));
        Assert.Equal([1.0, 1.0], Rates(settings with { MinDelta = 0.03125 }, 1.0, 0.9375));
    }

    /// <summary>
    /// After a reduction the cooldown's epochs are not counted; the epoch that ends it counts already, since Keras lowers its counter first. A
    /// better loss is taken note of meanwhile.
    /// </summary>
    [Fact]
    public void Cooldown()
    {
        PlateauSettings settings = new(0.5, 1, MinDelta: 0, Cooldown: 2);
        Assert.Equal([1.0, 0.5, 0.5, 0.25, 0.25, 0.125], Rates(settings, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5));
        Assert.Equal([1.0, 0.5, 0.5, 0.25], Rates(settings, 0.5, 0.5, 0.25, 0.3));
        Assert.Equal([1.0, 0.5, 0.25, 0.125], Rates(settings with { Cooldown = 1 }, 0.5, 0.5, 0.5, 0.5));
    }

    [Fact]
    public void The_rate_does_not_fall_below_its_bound()
    {
        Assert.Equal([1.0, 0.1, 0.02, 0.02], Rates(new PlateauSettings(0.1, 1, MinDelta: 0, MinRate: 0.02), 1, 1, 1, 1));
        Assert.Equal([1.0, 1.0], Rates(new PlateauSettings(0.1, 1, MinRate: 2), 1, 1));
    }

    [Fact]
    public void A_loss_that_is_no_number_is_not_better() => Assert.Equal([1.0, 0.5], Rates(new PlateauSettings(0.5, 1), 1, double.NaN));

    private static double[] Rates(PlateauSettings settings, params double[] losses)
    {
        PlateauRule rule = new(settings, 1.0);
        return [.. losses.Select(rule.Observe)];
    }
}
