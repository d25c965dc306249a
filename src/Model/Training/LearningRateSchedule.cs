namespace Engine.Model.Training;

/// <summary>What the learning rate does after warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>Falls linearly to 0.</summary>
    Linear,

    /// <summary>Stays.</summary>
    Constant,

    /// <summary>Falls to 0 along half a cosine.</summary>
    Cosine,

    /// <summary>Stays until the validation loss does; then it is lowered (<see cref="PlateauRule"/>).</summary>
    Plateau,
}

/// <summary>
/// The learning rate of each optimizer step: a linear warm-up from 0, then <see cref="Kind"/>. The formulas are those of Hugging Face's
/// <c>get_linear_schedule_with_warmup</c>, <c>get_constant_schedule_with_warmup</c> and <c>get_cosine_schedule_with_warmup</c>.
/// </summary>
/// <param name="Kind">What happens after warm-up.</param>
/// <param name="PeakRate">The rate at the end of warm-up.</param>
/// <param name="WarmupSteps">Steps of warm-up; 0 for none.</param>
/// <param name="TotalSteps">All steps, warm-up included.</param>
public sealed record LearningRateSchedule(ScheduleKind Kind, double PeakRate, int WarmupSteps, int TotalSteps)
{
    /// <summary>The rate of a step.</summary>
    /// <param name="step">The step's number, from 0. With warm-up, step 0 has rate 0.</param>
    public double RateAt(int step)
    {
        if (step < WarmupSteps)
            return PeakRate * step / WarmupSteps;
        double progress = (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps);
        return Kind switch
        {
            ScheduleKind.Linear => PeakRate * Math.Max(0, 1 - progress),
            ScheduleKind.Cosine => PeakRate * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress))),
            _ => PeakRate,
        };
    }
}
