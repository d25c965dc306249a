using Engine.Model.Training;
using Xunit;

namespace Engine.Model.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void Linear_rises_from_0_and_falls_to_0()
    {
        LearningRateSchedule schedule = new(ScheduleKind.Linear, 1e-3, 4, 12);
        Assert.Equal([0, 0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 0.875e-3], Enumerable.Range(0, 6).Select(schedule.RateAt), new Near());
        Assert.Equal(0.125e-3, schedule.RateAt(11), 12);
        Assert.Equal(0, schedule.RateAt(12), 12);
        Assert.Equal(0, schedule.RateAt(20), 12);
    }

    [Fact]
    public void Constant_stays_after_warm_up()
    {
        LearningRateSchedule schedule = new(ScheduleKind.Constant, 1e-3, 2, 6);
        Assert.Equal([0, 0.5e-3, 1e-3, 1e-3, 1e-3, 1e-3], Enumerable.Range(0, 6).Select(schedule.RateAt), new Near());
    }

    [Fact]
    public void Cosine_is_half_at_the_middle_and_0_at_the_end()
    {
        LearningRateSchedule schedule = new(ScheduleKind.Cosine, 2.0, 0, 8);
        Assert.Equal(2.0, schedule.RateAt(0), 12);
        Assert.Equal(1 + Math.Sqrt(0.5), schedule.RateAt(2), 12);
        Assert.Equal(1.0, schedule.RateAt(4), 12);
        Assert.Equal(0.0, schedule.RateAt(8), 12);
    }

    [Fact]
    public void Warm_up_as_long_as_the_run_never_divides_by_zero()
    {
        LearningRateSchedule schedule = new(ScheduleKind.Linear, 1.0, 3, 3);
        Assert.All(Enumerable.Range(0, 4), step => Assert.True(double.IsFinite(schedule.RateAt(step))));
    }

    private sealed class Near : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) < 1e-12;

        public int GetHashCode(double value) => 0;
    }
}
