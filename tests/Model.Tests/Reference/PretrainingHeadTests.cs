using Engine.Compute;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Model.Tests.Reference;

/// <summary>
/// The heads of the pre-training tasks against PyTorch in double precision. The tolerances are those of <see cref="ReferenceModelTests"/>: thousands of
/// logits of tokens err together as hidden states do, ten of next sentence like a classification head's.
/// </summary>
[Collection(ModelDevices.Collection)]
public sealed class PretrainingHeadTests(ModelDevices devices, ITestOutputHelper output)
{
    private const double TokenTolerance = 2e-6;
    private const double Tolerance = 5e-6;
    private const PretrainingHeads Both = PretrainingHeads.MaskedLanguage | PretrainingHeads.NextSentence;

    /// <summary>Devices, the vector CPU at each width among them, and models.</summary>
    public static TheoryData<string, int, string> Cases
    {
        get
        {
            var data = new TheoryData<string, int, string>();
            foreach (string name in new[] { "erf", "tanh", "wide" })
            {
                foreach (int bits in new[] { 512, 256, 128 })
                    data.Add("cpu", bits, name);
            }

            data.Add("ilgpu-cpu", 0, "erf");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_of_both_heads_agree(string device, int vectorBits, string name)
    {
        using var reference = new ReferenceModel(name);
        using var opened = vectorBits == 0 ? null : ComputeDevice.Open(device, new ComputeDeviceOptions { VectorBits = vectorBits });
        using var model = BertModel.LoadPretraining(
            opened ?? devices.Get(device), reference.Folder, Both, new BatchLimits(reference.Lengths.Sum(), reference.Lengths.Length));
        int vocabulary = model.Configuration.VocabularySize;
        model.Forward(reference.Batch(null));

        float[] all = reference.Pack(reference.Reference.ReadFloats("pretraining.mlm_logits"), vocabulary);

        // The emulator takes its time: every ninth token will do.
        int[] tokens = [.. Enumerable.Range(0, reference.Lengths.Sum()).Where(token => device == "cpu" || token % 9 == 0)];
        float[] expected = [.. tokens.SelectMany(token => all[(token * vocabulary)..((token + 1) * vocabulary)])];
        var logits = new float[expected.Length];
        model.ReadTokenLogits(tokens, logits);
        double tokenError = Norms.RelativeError(logits, expected);

        var next = new float[2 * reference.Lengths.Length];
        model.ReadNextSentenceLogits(next);
        double nextError = Norms.RelativeError(next, reference.Reference.ReadFloats("pretraining.nsp_logits"));
        output.WriteLine($"tokens {tokenError:E2}, next sentence {nextError:E2}");
        Assert.InRange(tokenError, 0, TokenTolerance);
        Assert.InRange(nextError, 0, Tolerance);
    }

    [Theory]
    [InlineData("cpu", "erf")]
    [InlineData("cpu", "wide")]
    [InlineData("ilgpu-cpu", "erf")]
    public void The_losses_of_pretraining_follow_from_the_probabilities(string device, string name)
    {
        using var reference = new ReferenceModel(name);
        using var model = BertModel.LoadPretraining(
            devices.Get(device), reference.Folder, Both, new BatchLimits(reference.Lengths.Sum(), reference.Lengths.Length));
        int vocabulary = model.Configuration.VocabularySize;
        model.Forward(reference.Batch(null));

        int[] labels = reference.Pack(reference.Reference.ReadIntegers("pretraining.mlm_labels"), 1);
        int[] tokens = [.. Enumerable.Range(0, labels.Length).Where(token => labels[token] >= 0)];
        var ids = new int[tokens.Length * vocabulary];
        var probabilities = new float[ids.Length];
        model.ReadTopTokens(tokens, vocabulary, ids, probabilities);
        double loss = tokens.Select((token, i) =>
        {
            int[] ranked = ids[(i * vocabulary)..((i + 1) * vocabulary)];
            Assert.Equal(Enumerable.Range(0, vocabulary), ranked.Order());
            return -Math.Log(probabilities[(i * vocabulary) + Array.IndexOf(ranked, labels[token])]);
        }).Average();

        var pairs = new float[2 * reference.Lengths.Length];
        model.ReadNextSentenceProbabilities(pairs);
        loss += reference.Reference.ReadIntegers("pretraining.nsp_labels").Select((label, pair) => -Math.Log(pairs[(2 * pair) + label])).Average();
        float expected = reference.Reference.ReadFloats("pretraining.loss")[0];
        output.WriteLine($"loss {loss:F6}, error {Math.Abs(loss - expected) / expected:E2}");
        Assert.InRange(loss / expected, 1 - Tolerance, 1 + Tolerance);
    }
}
