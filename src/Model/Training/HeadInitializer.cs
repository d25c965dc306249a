using Engine.Model.Data;

namespace Engine.Model.Training;

/// <summary>From which distribution the weights of a new head are drawn; its bias is 0.</summary>
public enum HeadInitializer
{
    /// <summary>Normal, with the configuration's <c>initializer_range</c> as deviation: as <c>transformers</c> and BERT's authors do.</summary>
    Normal,

    /// <summary>Uniform between the two signs of sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010): as Keras's <c>Dense</c> does.</summary>
    GlorotUniform,
}

/// <summary>Draws the weights of dense layers.</summary>
internal static class GlorotUniform
{
    /// <summary>The numbers of a seed.</summary>
    /// <param name="outputs">The layer's outputs.</param>
    /// <param name="inputs">The layer's inputs.</param>
    /// <param name="seed">Equal seeds give equal weights.</param>
    /// <returns>[outputs, inputs]</returns>
    public static float[] Draw(int outputs, int inputs, ulong seed)
    {
        double limit = Math.Sqrt(6.0 / (inputs + outputs));
        SeededRandom random = new(seed);
        float[] weights = new float[outputs * inputs];
        foreach (ref float weight in weights.AsSpan())
            weight = (float)(limit * ((2 * random.NextUnit()) - 1));
        return weights;
    }
}
