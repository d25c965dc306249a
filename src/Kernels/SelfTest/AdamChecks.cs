using Engine.Compute;

namespace Engine.Kernels;

/// <summary>The three forms of <see cref="Adam"/> over five steps.</summary>
internal sealed class AdamChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    private const double Rate = 1e-2;
    private const double Decay = 0.1;
    private const float Clip = 0.5f;

    private readonly Adam adam = new(device);

    /// <summary>The self-test's cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> Cases(bool small)
    {
        int[] counts = small ? [1, 300] : [1, 300, 4097];
        SelfTestCase Case(string name, AdamForm form) =>
            SelfTestCase.Of($"adam, {name}", ["Adam.Kernel"], counts, (device, comparison) => new AdamChecks(device, comparison), (checks, count) => checks.FiveSteps(count, form));
        return [Case("Hugging Face's AdamW", AdamForm.HuggingFaceAdamW), Case("BERT's authors'", AdamForm.BertAdam), Case("Keras's", AdamForm.KerasAdam)];
    }

    /// <summary>Five steps with a growing rate, decay in every second block, clipping in all but the last.</summary>
    public void FiveSteps(int count, AdamForm form)
    {
        var start = CheckInputs.Uniform(count, 1);
        var mask = Enumerable.Range(0, (count + Adam.DecayBlock - 1) / Adam.DecayBlock).Select(block => (float)(block % 2)).ToArray();
        using var buffers = new DeviceBuffers(Device);
        var (parameters, first, second) = (buffers.Of(start), buffers.Of(new float[count]), buffers.Of(new float[count]));
        var (decayMask, clip) = (buffers.Of(mask), buffers.Of(Clip));
        var (p, m, v) = (CheckInputs.Doubles(start), new double[count], new double[count]);
        for (var step = 1; step <= 5; step++)
        {
            var gradients = CheckInputs.Uniform(count, 10 + step, 0.01f);
            adam.Run(
                parameters, buffers.Of(gradients), first, second, decayMask, step == 5 ? default : clip, count, new AdamStep(form, Rate * step, step, Decay));
            for (var i = 0; i < count; i++)
            {
                var g = gradients[i] * (step == 5 ? 1.0 : Clip);
                Update(form, step, g, mask[i / Adam.DecayBlock] * Decay, ref p[i], ref m[i], ref v[i]);
            }
        }

        // Every step rounds each value a few times. An update is at most about 3 rates; where moments cancel, m's absolute
        // error counts, which against the root of v is a few units.
        Comparison.Near(p, buffers.Read(parameters), 12 * Rounding.Unit, 5 * 30 * 5 * Rate * Rounding.Unit, "parameter");
        Comparison.Near(m, buffers.Read(first), 0, 20 * Rounding.Unit * 0.01, "first moment");
        Comparison.Near(v, buffers.Read(second), 30 * Rounding.Unit, 0, "second moment");
    }

    /// <inheritdoc/>
    public override void Dispose() => adam.Dispose();

    private static void Update(AdamForm form, int step, double g, double decay, ref double p, ref double m, ref double v)
    {
        double rate = Rate * step;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        double correction1 = 1 - Math.Pow(0.9, step);
        double correction2 = 1 - Math.Pow(0.999, step);
        switch (form)
        {
            case AdamForm.HuggingFaceAdamW:
                p -= rate * decay * p;
                p -= rate * (m / correction1) / (Math.Sqrt(v / correction2) + 1e-8);
                break;
            case AdamForm.BertAdam:
                p -= rate * (m / (Math.Sqrt(v) + 1e-6) + decay * p);
                break;
            default:
                p -= rate * Math.Sqrt(correction2) / correction1 * m / (Math.Sqrt(v) + 1e-7) + rate * decay * p;
                break;
        }
    }
}
