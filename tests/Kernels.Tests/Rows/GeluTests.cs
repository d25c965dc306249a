using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>GELU and the activations of the heads, forward and backward.</summary>
[Collection(TestDevices.Collection)]
public sealed class GeluTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void GeluFollowsTheReferenceAndItsSlope(string name)
    {
        var device = devices.Get(name);
        var gelu = new Gelu(device);
        foreach (int count in new[] { 1, 17, 255, 256, 1024, 1025, 5000 })
        {
            var x = Matrices.Uniform(count, 1, 6f);
            var dy = Matrices.Uniform(count, 2);
            foreach (var form in new[] { GeluForm.Erf, GeluForm.Tanh })
            {
                Func<double, double> reference = form == GeluForm.Erf ? ReferenceMath.GeluErf : ReferenceMath.GeluTanh;
                using var buffers = new DeviceBuffers(device);
                var y = buffers.Out(count);
                var dx = buffers.Out(count);
                gelu.Forward(buffers.Of(x), y, count, form);
                gelu.Backward(buffers.Of(x), buffers.Of(dy), dx, count, form);

                // erf's absolute error of 1e-7 is halved and multiplied by x (at most 6); a few roundings on top.
                Near.Equal([.. x.Select(v => reference(v))], buffers.Read(y), 4 * Near.Unit, 3e-7, $"{form} forward, {count}");
                var point = new double[1];
                var slopes = x.Select((v, i) =>
                {
                    point[0] = v;
                    return dy[i] * Near.Slope(point, 0, () => reference(point[0]));
                });
                Near.Equal([.. slopes], buffers.Read(dx), 8 * Near.Unit, 1e-6, $"{form} backward, {count}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ActivationsFollowTheReferenceAndItsSlope(string name)
    {
        var device = devices.Get(name);
        var activation = new Activation(device);
        const int Count = 1500;
        var x = Matrices.Uniform(Count, 1, 6f);
        var dy = Matrices.Uniform(Count, 2);
        using var buffers = new DeviceBuffers(device);
        var tanh = buffers.Out(Count);
        var sigmoid = buffers.Out(Count);
        var dtanh = buffers.Out(Count);
        var dsigmoid = buffers.Out(Count);
        activation.TanhForward(buffers.Of(x), tanh, Count);
        activation.TanhBackward(tanh, buffers.Of(dy), dtanh, Count);
        activation.SigmoidForward(buffers.Of(x), sigmoid, Count);
        activation.SigmoidBackward(sigmoid, buffers.Of(dy), dsigmoid, Count);

        // 4 units in the last place are at most 8 relative units; 1 - y^2 turns y's error into twice that, absolute.
        Near.Equal([.. x.Select(v => Math.Tanh(v))], buffers.Read(tanh), 8 * Near.Unit, 0, "tanh");
        Near.Equal([.. x.Select((v, i) => dy[i] * (1 - Math.Tanh(v) * Math.Tanh(v)))], buffers.Read(dtanh), 0, 20 * Near.Unit, "tanh'");
        Near.Equal([.. x.Select(v => ReferenceMath.Sigmoid(v))], buffers.Read(sigmoid), 8 * Near.Unit, 0, "sigmoid");
        Near.Equal(
            [.. x.Select((v, i) => dy[i] * ReferenceMath.Sigmoid(v) * (1 - ReferenceMath.Sigmoid(v)))],
            buffers.Read(dsigmoid), 0, 10 * Near.Unit, "sigmoid'");
    }
}
