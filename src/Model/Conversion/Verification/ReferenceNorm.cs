namespace Engine.Model.Conversion.Verification;

/// <summary>A layer norm in double precision (Ba, Kiros and Hinton, 2016).</summary>
/// <param name="gamma">[hidden]</param>
/// <param name="beta">[hidden]</param>
internal sealed class ReferenceNorm(double[] gamma, double[] beta)
{
    /// <summary>Every row to mean 0 and variance 1, then scaled and moved.</summary>
    /// <param name="states">[rows, hidden]</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <returns>[rows, hidden]</returns>
    public double[] Apply(double[] states, double epsilon)
    {
        int width = gamma.Length;
        var output = new double[states.Length];
        for (int start = 0; start < states.Length; start += width)
        {
            double mean = 0, variance = 0;
            for (int i = 0; i < width; i++)
                mean += states[start + i] / width;
            for (int i = 0; i < width; i++)
                variance += (states[start + i] - mean) * (states[start + i] - mean) / width;
            for (int i = 0; i < width; i++)
                output[start + i] = ((states[start + i] - mean) / Math.Sqrt(variance + epsilon) * gamma[i]) + beta[i];
        }

        return output;
    }
}
