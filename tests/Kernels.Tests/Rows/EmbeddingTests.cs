using ILGPU;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>The embedding sum and its scatter-add.</summary>
[Collection(TestDevices.Collection)]
public sealed class EmbeddingTests(TestDevices devices)
{
    private const int Vocabulary = 40;

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ForwardAndBackwardFollowTheReference(string name)
    {
        using var checks = new EmbeddingChecks(devices.Get(name), new Comparison());
        foreach (int hidden in RowCases.Columns(name))
        {
            // At 300 tokens the most frequent word has more than one piece.
            foreach (int tokens in new[] { 1, 33, 70, 300 })
            {
                checks.Forward(new RowShape(tokens, hidden));
                checks.Backward(new RowShape(tokens, hidden));
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void RowsThatNoTokenHasAreNotTouched(string name)
    {
        var device = devices.Get(name);
        using var embedding = new Embedding(device, 8);
        using var buffers = new DeviceBuffers(device);
        var table = buffers.Of(Enumerable.Repeat(-0f, 4 * 8).ToArray());
        embedding.Prepare([2, 2], [2, 2], [2, 2]);
        embedding.Backward(buffers.Of(Enumerable.Repeat(1f, 16).ToArray()), table, buffers.Of(new float[32]), buffers.Of(new float[32]));
        var result = buffers.Read(table);
        for (int i = 0; i < result.Length; i++)
        {
            // Minus zero stays minus zero only where nothing is added.
            Assert.Equal(i / 8 == 2 ? 2f : -0f, result[i]);
            Assert.Equal(i / 8 != 2, float.IsNegative(result[i]));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ClearingLeavesNothingOfEarlierBatches(string name)
    {
        var device = devices.Get(name);
        const int Hidden = 21;
        using var embedding = new Embedding(device, Hidden);
        using var buffers = new DeviceBuffers(device);
        var dwords = buffers.Of(CheckInputs.Uniform(Vocabulary * Hidden, 1));
        var other = buffers.Of(CheckInputs.Uniform(Vocabulary * Hidden, 2));
        var dpositions = buffers.Of(CheckInputs.Uniform(4 * Hidden, 3));
        var dsegments = buffers.Of(CheckInputs.Uniform(2 * Hidden, 4));
        var dsum = buffers.Of(Enumerable.Repeat(1f, 100 * Hidden).ToArray());

        void Add(ArrayView<float> table, params int[] ids)
        {
            embedding.Prepare(ids, new int[ids.Length], new int[ids.Length]);
            embedding.Backward(dsum, table, dpositions, dsegments);
        }

        // A buffer that is new to it is cleared as a whole; then by rows, over one batch, two, and more than it remembers.
        embedding.ClearGradients(dwords, dpositions, dsegments);
        Assert.All(buffers.Read(dwords), value => Assert.Equal(0f, value));
        int[][][] rounds =
        [
            [[3, 5, 3]],
            [[1, 2], [2, 39, 0]],
            [.. Enumerable.Range(0, 30).Select(batch => new[] { batch, batch + 1 })],
            [[7]],
        ];
        foreach (var batches in rounds)
        {
            foreach (var ids in batches)
                Add(dwords, ids);
            Assert.Contains(buffers.Read(dwords), value => value != 0);
            embedding.ClearGradients(dwords, dpositions, dsegments);
            Assert.All(buffers.Read(dwords), value => Assert.Equal(0f, value));
            Assert.All(buffers.Read(dpositions), value => Assert.Equal(0f, value));
            Assert.All(buffers.Read(dsegments), value => Assert.Equal(0f, value));
        }

        // Another buffer in between.
        Add(dwords, 1, 2);
        embedding.ClearGradients(other, dpositions, dsegments);
        Add(dwords, 3);
        embedding.ClearGradients(dwords, dpositions, dsegments);
        Assert.All(buffers.Read(dwords), value => Assert.Equal(0f, value));
        Assert.All(buffers.Read(other), value => Assert.Equal(0f, value));
    }
}
