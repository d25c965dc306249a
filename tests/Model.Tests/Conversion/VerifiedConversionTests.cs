using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Conversion.Verification;
using Engine.Model.Tests.Data;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>Whole conversions, checked before they get their names.</summary>
[Collection(ModelDevices.Collection)]
public sealed class VerifiedConversionTests(ModelDevices devices) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Target => Path.Combine(folder.Path, "out");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_conversion_that_is_wrong_is_not_put_in_place()
    {
        // A weight becomes -2 or less, as by a mistake of the conversion: the last byte of a little-endian float holds its sign and most of its exponent.
        var error = Assert.Throws<ModelException>(() => Convert(written =>
        {
            using var file = File.OpenWrite(Path.Combine(written, ModelFolder.WeightsName));
            file.Seek(-997, SeekOrigin.End);
            file.WriteByte(0xC0);
        }));
        Assert.Contains("the first output that is wrong", error.Message, StringComparison.Ordinal);
        Assert.Contains("nothing was written", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_conversion_that_is_right_is_put_in_place()
    {
        var report = Convert(_ => { });
        Assert.Equal(7, report.Outputs.Count);
        Assert.True(File.Exists(Path.Combine(Target, ModelFolder.WeightsName)));
    }

    private VerificationReport Convert(Action<string> change)
    {
        VerificationReport? report = null;
        using var conversion = CheckpointConversion.Open(Fixtures.At("models", "tanh"), new ConversionOptions { Flush = false });
        conversion.Write(Target, check: written =>
        {
            change(written);
            report = conversion.Verify(written, devices.Get("cpu"), 1);
            report.RequireAgreement();
        });
        return report!;
    }
}
