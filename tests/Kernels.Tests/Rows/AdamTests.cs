using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>The three forms of Adam against double precision over several steps.</summary>
[Collection(TestDevices.Collection)]
public sealed class AdamTests(TestDevices devices)
{
    private const double Rate = 1e-2;
    private const double Decay = 0.1;
    private const float Clip = 0.5f;

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void FiveStepsFollowTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        using var adam = new Adam(device);
        foreach (int count in name == "ilgpu-cpu" ? [1, 300, 4097] : new[] { 1, 255, 256, 300, 4096, 4097, 70_001 })
        {
            foreach (var form in Enum.GetValues<AdamForm>())
            {
                var start = Matrices.Uniform(count, 1);
                var mask = Enumerable.Range(0, (count + Adam.DecayBlock - 1) / Adam.DecayBlock).Select(block => (float)(block % 2)).ToArray();
                using var buffers = new DeviceBuffers(device);
                var parameters = buffers.Of(start);
                var first = buffers.Of(new float[count]);
                var second = buffers.Of(new float[count]);
                var decayMask = buffers.Of(mask);
                var clip = buffers.Of(Clip);
                var (p, m, v) = (Near.Doubles(start), new double[count], new double[count]);
                for (int step = 1; step <= 5; step++)
                {
                    var gradients = Matrices.Uniform(count, 10 + step, 0.01f);
                    adam.Run(
                        parameters,
                        buffers.Of(gradients),
                        first,
                        second,
                        decayMask,
                        step == 5 ? default : clip,
                        count,
                        new AdamStep(form, Rate * step, step, Decay));
                    for (int i = 0; i < count; i++)
                    {
                        double g = gradients[i] * (step == 5 ? 1.0 : Clip);
                        Update(form, step, g, mask[i / Adam.DecayBlock] * Decay, ref p[i], ref m[i], ref v[i]);
                    }
                }

                // Every step rounds each value a few times. An update is at most about 3 rates; where moments cancel, m's absolute
                // error counts, which against the root of v is a few units.
                Near.Equal(p, buffers.Read(parameters), 12 * Near.Unit, 5 * 30 * 5 * Rate * Near.Unit, $"{form}, {count} parameters");
                Near.Equal(m, buffers.Read(first), 0, 20 * Near.Unit * 0.01, $"{form}, {count} first moments");
                Near.Equal(v, buffers.Read(second), 30 * Near.Unit, 0, $"{form}, {count} second moments");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void PaddingStaysZero(string name)
    {
        var device = devices.Get(name);
        using var adam = new Adam(device);
        using var buffers = new DeviceBuffers(device);
        var parameters = buffers.Of(new float[512]);
        var gradients = buffers.Of(new float[512]);
        var first = buffers.Of(new float[512]);
        var second = buffers.Of(new float[512]);
        foreach (var form in Enum.GetValues<AdamForm>())
            adam.Run(parameters, gradients, first, second, buffers.Of(1f, 0f), default, 512, new AdamStep(form, Rate, 1, Decay));
        Assert.All(buffers.Read(parameters), value => Assert.Equal(0f, value));
    }

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
