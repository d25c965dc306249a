using Engine.Model.Training;
using Xunit;

namespace Engine.Model.Tests.Training;

public sealed class HeadInitializerTests
{
    [Fact]
    public void Glorot_s_distribution_is_uniform_within_its_limits()
    {
        const int Inputs = 20000, Outputs = 5;
        double limit = Math.Sqrt(6.0 / (Inputs + Outputs));
        float[] weights = GlorotUniform.Draw(Outputs, Inputs, 3);
        Assert.Equal(Inputs * Outputs, weights.Length);
        Assert.All(weights, weight => Assert.InRange(weight, -limit, limit));
        // Ten classes of 10,000 expected: chi-square with 9 degrees of freedom exceeds 27.9 once in 1,000 seeds.
        int[] counts = new int[10];
        foreach (float weight in weights)
            counts[Math.Min(9, (int)((weight / limit + 1) * 5))]++;
        Assert.InRange(counts.Sum(count => (count - 10000.0) * (count - 10000.0) / 10000.0), 0, 27.9);
        Assert.Equal(weights, GlorotUniform.Draw(Outputs, Inputs, 3));
        Assert.NotEqual(weights, GlorotUniform.Draw(Outputs, Inputs, 4));
    }
}
