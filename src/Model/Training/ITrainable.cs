namespace Engine.Model.Training;

/// <summary>What the training loop drives: something with parameters that learns from rows of a data set that it holds.</summary>
public interface ITrainable
{
    /// <summary>Number of classes, at least 2.</summary>
    int Classes { get; }

    /// <summary>Forward, backward and one optimizer step on one batch.</summary>
    /// <param name="rows">Row numbers of the training set.</param>
    /// <param name="step">The optimizer step's number, from 0; with the seed it decides the dropout masks.</param>
    /// <param name="learningRate">The step's learning rate.</param>
    /// <param name="probabilities">Receives the probabilities before the step: [rows, classes].</param>
    /// <param name="losses">Receives the loss of each row before the step. When one is not finite, no optimizer step was made.</param>
    void Step(ReadOnlySpan<int> rows, int step, double learningRate, Span<float> probabilities, Span<float> losses);

    /// <summary>Names what is not finite after a step whose loss was not: a parameter, or the first layer whose output holds NaN or infinity.</summary>
    /// <param name="rows">The step's rows.</param>
    string LocateNonFinite(ReadOnlySpan<int> rows);

    /// <summary>Evaluates the validation set, without dropout.</summary>
    /// <param name="probabilities">Receives [rows, classes].</param>
    /// <param name="losses">Receives the loss of each row.</param>
    void Validate(Span<float> probabilities, Span<float> losses);

    /// <summary>How many tokens the rows of the training set have.</summary>
    /// <param name="rows">Row numbers of the training set.</param>
    long Tokens(ReadOnlySpan<int> rows);

    /// <summary>Remembers the parameters as they are now, in place of what was remembered.</summary>
    void Remember();

    /// <summary>Puts the remembered parameters back.</summary>
    void Recall();
}
