using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion.Verification;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Model.Tests.Conversion;

[Collection(ModelDevices.Collection)]
public sealed class ConversionVerificationTests(ModelDevices devices, ITestOutputHelper output)
{
    [Fact]
    public void A_folder_agrees_with_itself()
    {
        using var source = new SafetensorsSource(Path.Combine(Fixtures.MiniLm, "model.safetensors"));
        var names = source.Tensors.Keys.Select(name => KeyValuePair.Create(name, name)).ToArray();
        var outputs = ConversionVerification.Compare(
            source, names, new ReferenceSettings(12, GeluForm.Erf), Fixtures.MiniLm, devices.Get("cpu"), TensorType.F16, 1);
        foreach (var one in outputs)
            output.WriteLine($"{one}");
        Assert.All(outputs, one => Assert.True(one.Agrees, one.ToString()));
    }
}
