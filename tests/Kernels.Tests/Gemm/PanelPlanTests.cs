using Xunit;

namespace Engine.Kernels.Tests;

public sealed class PanelPlanTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(64)]
    public void GroupsAreWholeTilesWithinTheLimits(int processors)
    {
        IPanelTile[] tiles = [default(PanelTile16), default(PanelTile8), default(PanelTile4)];
        foreach (var tile in tiles)
        {
            var plan = new PanelPlan(tile, processors);
            foreach (var rows in new[] { 1, 5, 33, 528, 1024, 4096 })
            {
                foreach (var columns in new[] { 1, 2, 95, 384, 3072 })
                {
                    var (groupRows, groupColumns) = plan.Choose(new GemmSizes(rows, columns, 768), rightTransposed: false);
                    Assert.Equal(0, groupRows % tile.Rows);
                    Assert.Equal(0, groupColumns % (2 * tile.Width));
                    Assert.InRange(groupRows, tile.Rows, PanelPlan.MaxRows);
                    Assert.InRange(groupColumns, 2 * tile.Width, PanelProduct.MaxColumns);
                }
            }
        }
    }

    [Theory]
    [InlineData(33, 384)]
    [InlineData(33, 768)]
    [InlineData(528, 384)]
    [InlineData(528, 768)]
    [InlineData(1024, 3072)]
    public void TwoProcessorsGetEvenShares(int rows, int columns)
    {
        var (groupRows, groupColumns) = new PanelPlan(default(PanelTile16), 2).Choose(new GemmSizes(rows, columns, 768), rightTransposed: false);
        var groups = ((rows + groupRows - 1) / groupRows) * ((columns + groupColumns - 1) / groupColumns);

        // The slower processor's share of the elements, were all groups full.
        var share = (groups + 1) / 2 * (double)groupRows * groupColumns / ((double)rows * columns);
        Assert.True(groups >= 2, $"{groups} groups");
        Assert.InRange(share, 0.5, 0.6);
    }
}
