using ILGPU;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>The embedding sum and its scatter-add.</summary>
[Collection(TestDevices.Collection)]
public sealed class EmbeddingTests(TestDevices devices)
{
    private const int Vocabulary = 40;
    private const int Positions = 70;
    private const int Segments = 2;

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ForwardAndBackwardFollowTheReference(string name)
    {
        var device = devices.Get(name);
        foreach (int hidden in RowCases.Columns(name))
        {
            using var embedding = new Embedding(device, hidden);
            foreach (int tokens in new[] { 1, 33, 70, 300 })
            {
                var random = new Random(tokens);

                // Token 0's word takes half of all places: more than one piece at 300 tokens.
                var ids = Enumerable.Range(0, tokens).Select(t => t % 2 == 0 ? 3 : random.Next(Vocabulary)).ToArray();
                var positions = Enumerable.Range(0, tokens).Select(t => t % Positions).ToArray();
                var segments = Enumerable.Range(0, tokens).Select(t => t % Positions > 50 ? 1 : 0).ToArray();
                var words = Matrices.Uniform(Vocabulary * hidden, 1);
                var positionTable = Matrices.Uniform(Positions * hidden, 2);
                var segmentTable = Matrices.Uniform(Segments * hidden, 3);
                var dsum = Matrices.Uniform(tokens * hidden, 4);
                using var buffers = new DeviceBuffers(device);
                var sum = buffers.Out(tokens * hidden);
                embedding.Forward(
                    buffers.Of(ids),
                    buffers.Of(positions),
                    buffers.Of(segments),
                    buffers.Of(words),
                    buffers.Of(positionTable),
                    buffers.Of(segmentTable),
                    sum,
                    tokens);

                var before = Matrices.Uniform(words.Length, 5);
                var dwords = buffers.Of(before);
                var dpositions = buffers.Of(new float[positionTable.Length]);
                var dsegments = buffers.Of(new float[segmentTable.Length]);
                embedding.Prepare(ids, positions, segments);
                embedding.Backward(buffers.Of(dsum), dwords, dpositions, dsegments);

                var expected = new double[tokens * hidden];
                var expectedWords = Near.Doubles(before);
                var expectedPositions = new double[positionTable.Length];
                var expectedSegments = new double[segmentTable.Length];
                for (int t = 0; t < tokens; t++)
                {
                    for (int c = 0; c < hidden; c++)
                    {
                        int i = t * hidden + c;
                        expected[i] = (double)words[ids[t] * hidden + c] + positionTable[positions[t] * hidden + c]
                            + segmentTable[segments[t] * hidden + c];
                        expectedWords[ids[t] * hidden + c] += dsum[i];
                        expectedPositions[positions[t] * hidden + c] += dsum[i];
                        expectedSegments[segments[t] * hidden + c] += dsum[i];
                    }
                }

                string what = $"hidden {hidden}, tokens {tokens}";
                Near.Equal(expected, buffers.Read(sum), 0, 5 * Near.Unit, what);

                // Sums of up to `tokens` values below 1, in pieces of 32.
                double allowed = (34 + tokens / 32) * Near.Unit * (tokens + 1);
                Near.Equal(expectedWords, buffers.Read(dwords), 0, allowed, what + ", words");
                Near.Equal(expectedPositions, buffers.Read(dpositions), 0, allowed, what + ", positions");
                Near.Equal(expectedSegments, buffers.Read(dsegments), 0, allowed, what + ", segments");
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
        var dwords = buffers.Of(Matrices.Uniform(Vocabulary * Hidden, 1));
        var other = buffers.Of(Matrices.Uniform(Vocabulary * Hidden, 2));
        var dpositions = buffers.Of(Matrices.Uniform(4 * Hidden, 3));
        var dsegments = buffers.Of(Matrices.Uniform(2 * Hidden, 4));
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
