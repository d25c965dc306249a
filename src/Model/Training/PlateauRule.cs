namespace Engine.Model.Training;

/// <summary>When and by how much a learning rate is lowered. The defaults are those of Keras's <c>ReduceLROnPlateau</c> but for the patience.</summary>
/// <param name="Factor">What the rate is multiplied by; above 0, below 1.</param>
/// <param name="Patience">
/// Epochs without a better loss after which it is lowered. (Keras's 10 is made for longer runs: three epochs of fine-tuning would never get there.)
/// </param>
/// <param name="MinDelta">How much lower than the best loss so far a loss must be to count as better.</param>
/// <param name="Cooldown">Epochs after a reduction that are not counted.</param>
/// <param name="MinRate">The rate is not lowered below this.</param>
public sealed record PlateauSettings(double Factor = 0.1, int Patience = 1, double MinDelta = 1e-4, int Cooldown = 0, double MinRate = 0);

/// <summary>Where a plateau rule stands after an epoch.</summary>
/// <param name="Rate">The rate of the epochs to come.</param>
/// <param name="Best">The lowest loss so far; infinite before the first.</param>
/// <param name="Waited">Epochs that have been waited.</param>
/// <param name="CooldownLeft">Epochs that are still not counted.</param>
public sealed record PlateauState(double Rate, double Best, int Waited, int CooldownLeft);

/// <summary>
/// Lowers the learning rate where the validation loss no longer falls: the rule of Keras's callback <c>ReduceLROnPlateau</c> with
/// <c>monitor="val_loss"</c>, observed after every epoch.
/// </summary>
/// <param name="settings">When and by how much.</param>
/// <param name="rate">The rate at the beginning.</param>
public sealed class PlateauRule(PlateauSettings settings, double rate)
{
    private double _rate = rate;
    private double _best = double.PositiveInfinity;
    private int _waited;
    private int _cooldownLeft;

    /// <summary>Where the rule stands; setting it continues an earlier one.</summary>
    public PlateauState State
    {
        get => new(_rate, _best, _waited, _cooldownLeft);
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            (_rate, _best, _waited, _cooldownLeft) = value;
        }
    }

    /// <summary>Takes note of an epoch's loss.</summary>
    /// <param name="loss">The validation loss.</param>
    /// <returns>The rate of the epochs to come.</returns>
    public double Observe(double loss)
    {
        if (_cooldownLeft > 0)
        {
            _cooldownLeft--;
            _waited = 0;
        }
        if (loss < _best - settings.MinDelta)
        {
            _best = loss;
            _waited = 0;
        }
        else if (_cooldownLeft == 0 && ++_waited >= settings.Patience && _rate > settings.MinRate)
        {
            _rate = Math.Max(_rate * settings.Factor, settings.MinRate);
            _cooldownLeft = settings.Cooldown;
            _waited = 0;
        }
        return _rate;
    }
}
