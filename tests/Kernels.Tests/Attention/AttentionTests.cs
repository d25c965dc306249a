using Engine.Compute;
using Xunit;

namespace Engine.Kernels.Tests;

[Collection(TestDevices.Collection)]
public sealed class AttentionTests(TestDevices devices)
{
    private static readonly DropoutState Tenth = new(0.1f, 0x123456789ABCDEF0, 3, 17);

    private static readonly AttentionSize[] Small =
    [
        new(2, 8, 0f, 1, 2, 15),
        new(1, 5, 0.1f, 17, 3),
        new(1, 20, 0f, 16, 33),
        new(2, 16, 0.25f, 7, 31),
    ];

    private static readonly AttentionSize[] Large =
    [
        new(3, 16, 0f, 1, 2, 15, 16, 17, 31, 33, 63, 65, 127, 129),
        new(2, 32, 0.1f, 129, 128, 65, 64, 63, 1),
        new(2, 64, 0.1f, 127, 33, 200, 2),
        new(1, 12, 0.5f, 130, 5, 96),
        new(1, 5, 0f, 257, 31),
        new(1, 128, 0.1f, 300, 1, 17),
        new(1, 20, 0.1f, 512),
    ];

    public static TheoryData<string, string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            foreach (var name in TestDevices.Names)
            {
                foreach (var shape in ShapesOf(name))
                {
                    // The large cases for the shape that the device chooses; where limits are low, heads of 64 and of 128.
                    var large = name.StartsWith("cpu", StringComparison.Ordinal) ? shape == nameof(AttentionShape.Panel) : name != "ilgpu-cpu";
                    for (var i = 0; i < Small.Length + (large ? Large.Length : 0); i++)
                    {
                        if (!TestDevices.HasOnlyGpuShapes(name) || i < Small.Length || Large[i - Small.Length].HeadSize >= 64)
                            data.Add(name, shape, i);
                    }
                }
            }

            return data;
        }
    }

    public static TheoryData<string, string> DevicesAndShapes
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in TestDevices.Names)
            {
                foreach (var shape in ShapesOf(name))
                    data.Add(name, shape);
            }

            return data;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Agrees_with_attention_in_double_precision(string name, string shape, int index)
    {
        var device = devices.Get(name);
        var kind = Shape(device, shape);
        using var checks = new AttentionChecks(
            device, new Comparison(), (on, heads, headSize, maxTokens, maxSequences) => new Attention(on, heads, headSize, maxTokens, maxSequences, kind));
        checks.ForwardAndBackward(index < Small.Length ? Small[index] : Large[index - Small.Length]);
    }

    [SkippableTheory]
    [MemberData(nameof(DevicesAndShapes))]
    public void Gradient_is_what_finite_differences_give(string name, string shape)
    {
        const int Heads = 2;
        const int HeadSize = 8;
        const double Step = 1e-4;
        var device = devices.Get(name);
        int[] offsets = [0, 9, 27];
        var (qkv, contextGradient) = Inputs(offsets, Heads, HeadSize);
        var run = TestAttention.Run(device, Shape(device, shape), qkv, contextGradient, offsets, Heads, HeadSize, Tenth);
        var bound = new AttentionReference(CheckInputs.Doubles(qkv), offsets, Heads, HeadSize, Tenth, 0, contextGradient).GradientBound;

        for (var trial = 0; trial < 5; trial++)
        {
            var direction = CheckInputs.Uniform(qkv.Length, 100 + trial);
            double Loss(double step)
            {
                var moved = qkv.Select((value, i) => value + (step * direction[i])).ToArray();
                var context = new AttentionReference(moved, offsets, Heads, HeadSize, Tenth, 0).Context;
                return context.Zip(contextGradient, (value, gradient) => value * gradient).Sum();
            }

            // Central differences with one step of Richardson's extrapolation: an error of the order of Step^4.
            var coarse = (Loss(Step) - Loss(-Step)) / (2 * Step);
            var fine = (Loss(Step / 2) - Loss(-Step / 2)) / Step;
            var expected = ((4 * fine) - coarse) / 3;
            var actual = run.Gradient.Select((value, i) => (double)value * direction[i]).Sum();
            var tolerance = bound.Select((value, i) => value * Math.Abs(direction[i])).Sum() + (1e-9 * Math.Abs(expected)) + 1e-9;
            Assert.InRange(actual, expected - tolerance, expected + tolerance);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(DevicesAndShapes))]
    public void A_sequence_has_the_same_bits_alone_and_in_any_batch(string name, string shape)
    {
        var device = devices.Get(name);
        var slow = name == "ilgpu-cpu" || TestDevices.HasOnlyGpuShapes(name);
        var heads = 2;
        var headSize = slow ? 8 : 32;
        int[] lengths = slow ? [3, 17, 1] : [33, 1, 129, 64, 200, 17, 16, 128];
        var offsets = CheckInputs.Offsets(lengths);
        var width = heads * headSize;
        var tokens = offsets[^1];
        var (qkv, contextGradient) = Inputs(offsets, heads, headSize);
        var batch = TestAttention.Run(device, Shape(device, shape), qkv, contextGradient, offsets, heads, headSize, Tenth, 7);

        for (var i = 0; i < lengths.Length; i++)
        {
            var (first, end) = (offsets[i], offsets[i + 1]);
            var alone = TestAttention.Run(
                device,
                Shape(device, shape),
                qkv[(first * 3 * width)..(end * 3 * width)],
                contextGradient[(first * width)..(end * width)],
                [0, end - first],
                heads,
                headSize,
                Tenth,
                7 + first);

            Assert.Equal(batch.Context[(first * width)..(end * width)], alone.Context);
            Assert.Equal(batch.Gradient[(first * 3 * width)..(end * 3 * width)], alone.Gradient);
            for (var head = 0; head < heads; head++)
            {
                Assert.Equal(
                    batch.LogSumExp[((head * tokens) + first)..((head * tokens) + end)],
                    alone.LogSumExp[(head * (end - first))..((head + 1) * (end - first))]);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(DevicesAndShapes))]
    public void Large_scores_neither_overflow_nor_vanish(string name, string shape)
    {
        var device = devices.Get(name);
        const int HeadSize = 8;
        int[] offsets = [0, 20];
        var (qkv, contextGradient) = Inputs(offsets, 1, HeadSize);
        for (var token = 0; token < 20; token++)
        {
            for (var column = 0; column < HeadSize; column++)
            {
                // Scores near -40,000 for every key: the maximum must come from the keys that exist.
                qkv[(token * 3 * HeadSize) + column] = 100 + qkv[(token * 3 * HeadSize) + column];
                qkv[(token * 3 * HeadSize) + HeadSize + column] = -140 + qkv[(token * 3 * HeadSize) + HeadSize + column];
            }
        }

        var run = TestAttention.Run(device, Shape(device, shape), qkv, contextGradient, offsets, 1, HeadSize);

        Assert.All(run.Context, value => Assert.InRange(value, -2f, 2f));
        Assert.All(run.Gradient, value => Assert.True(float.IsFinite(value)));
        var reference = new AttentionReference(CheckInputs.Doubles(qkv), offsets, 1, HeadSize, DropoutState.Off, 0);
        var comparison = new Comparison();
        comparison.Within(reference.Context, run.Context, reference.ContextBound, "context");
        comparison.Within(reference.LogSumExp, run.LogSumExp, reference.LogSumExpBound, "log-sum-exp");
    }

    [Theory]
    [InlineData(new int[0], "expected batch + 1 offsets")]
    [InlineData(new[] { 0 }, "expected batch + 1 offsets")]
    [InlineData(new[] { 1, 2 }, "the first of them 0")]
    [InlineData(new[] { 0, 3, 2 }, "offset 2 is 2")]
    [InlineData(new[] { 0, 11 }, "at most 10")]
    [InlineData(new[] { 0, 1, 2, 3, 4 }, "at most 3")]
    public void Refuses_offsets_that_are_none(int[] offsets, string expected)
    {
        using var attention = new Attention(devices.Get("ilgpu-cpu"), 2, 8, 10, 3);

        var exception = Assert.Throws<ArgumentException>(() => attention.Prepare(offsets));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(129)]
    public void Refuses_a_head_size_that_does_not_fit(int headSize) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Attention(devices.Get("ilgpu-cpu"), 2, headSize, 10, 3));

    [Fact]
    public void A_device_that_is_too_small_is_named()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { SharedMemoryBytes = 8192, Threads = 1 });

        var exception = Assert.Throws<ComputeException>(() => new Attention(device, 2, 128, 10, 3));

        Assert.Contains("8192 bytes of shared memory, expected 4 threads with 9120 bytes or more", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    private static string[] ShapesOf(string name) =>
        TestDevices.HasOnlyGpuShapes(name) ? [nameof(AttentionShape.Block)] : [nameof(AttentionShape.Panel), nameof(AttentionShape.Block)];

    private static AttentionShape Shape(ComputeDevice device, string name)
    {
        var shape = Enum.Parse<AttentionShape>(name);
        Skip.If(
            shape == AttentionShape.Panel && !Attention.SuitsPanels(device.Tiles),
            "the CPU-shaped kernels need a large shared memory, small warps and shuffles");
        return shape;
    }

    private static (float[] Qkv, float[] ContextGradient) Inputs(int[] offsets, int heads, int headSize) => (
        CheckInputs.Uniform(offsets[^1] * 3 * heads * headSize, 1, 2f), CheckInputs.Uniform(offsets[^1] * heads * headSize, 2));
}
