using System.Runtime.Intrinsics;
using Engine.Compute;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>
/// Our kernels give on the vector CPU, contraction off, the bits that they give on ILGPU's CPU accelerator, forward and backward. Both devices have the
/// same warps and choose the same shapes, so that sums have the same order.
/// </summary>
[Collection(TestDevices.Collection)]
public sealed class OracleBitsTests
{
    /// <summary>Threads of the oracle's groups: the least with which row kernels take the shape that they have on the vector CPU.</summary>
    private const int GroupSize = 128;

    private static readonly Dictionary<string, Func<ComputeDevice, float[][]>> Operations = new()
    {
        ["softmax"] = Softmax,
        ["layer norm"] = LayerNorm,
        ["gelu, erf"] = device => Gelu(device, GeluForm.Erf),
        ["gelu, tanh"] = device => Gelu(device, GeluForm.Tanh),
        ["dropout"] = Dropout,
        ["top softmax"] = TopSoftmax,
        ["embedding"] = Embedding,
        ["adam"] = Adam,
        ["panel gemm"] = device => Gemm(device, GemmShape.Panel),
        ["tiled gemm"] = device => Gemm(device, GemmShape.Tiled),
        ["panel attention"] = device => Attention(device, AttentionShape.Panel),
        ["block attention"] = device => Attention(device, AttentionShape.Block),
    };

    public static TheoryData<string, int> Cases()
    {
        var data = new TheoryData<string, int>();
        foreach (var operation in Operations.Keys)
        {
            foreach (var bits in new[] { 128, 256, 512 })
                data.Add(operation, bits);
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void TheVectorCpuGivesTheOraclesBits(string operation, int bits)
    {
        var widest = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
        Skip.If(bits > widest, $"the processor has no vectors of {bits} bits");
        using var oracle = ComputeDevice.Open("ilgpu-cpu", new() { EmulatedWarpSize = bits / 32, EmulatedWarpsPerGroup = GroupSize * 32 / bits });
        using var vector = ComputeDevice.Open("cpu", new() { VectorBits = bits, Contraction = false, Threads = 2 });
        Assert.Equal(oracle.Tiles.RowGroupSize, vector.Tiles.RowGroupSize);
        var expected = Operations[operation](oracle);
        var actual = Operations[operation](vector);
        Assert.Equal(expected.Length, actual.Length);
        for (int output = 0; output < expected.Length; output++)
            Assert.Equal(expected[output].Select(BitConverter.SingleToInt32Bits), actual[output].Select(BitConverter.SingleToInt32Bits));
    }

    private static float[][] Softmax(ComputeDevice device)
    {
        const int Rows = 3, Columns = 37;
        using var buffers = new DeviceBuffers(device);
        var (y, dx) = (buffers.Out(Rows * Columns), buffers.Out(Rows * Columns));
        var softmax = new Softmax(device);
        softmax.Forward(buffers.Of(Matrices.Uniform(Rows * Columns, 1, 10f)), y, Rows, Columns);
        softmax.Backward(y, buffers.Of(Matrices.Uniform(Rows * Columns, 2)), dx, Rows, Columns);
        return [buffers.Read(y), buffers.Read(dx)];
    }

    private static float[][] LayerNorm(ComputeDevice device)
    {
        const int Tokens = 5, Hidden = 40;
        using var buffers = new DeviceBuffers(device);
        using var norm = new LayerNorm(device, Hidden, 1e-12f);
        var (sum, y, mean, rstd) = (buffers.Out(Tokens * Hidden), buffers.Out(Tokens * Hidden), buffers.Out(Tokens), buffers.Out(Tokens));
        var (dsum, dinput, dgamma, dbeta) = (buffers.Out(Tokens * Hidden), buffers.Out(Tokens * Hidden), buffers.Out(Hidden), buffers.Out(Hidden));
        var gamma = buffers.Of(Matrices.Uniform(Hidden, 3));
        var dropout = new DropoutState(0.1f, 7, 3, 1);
        norm.Forward(
            buffers.Of(Matrices.Uniform(Tokens * Hidden, 1)), buffers.Of(Matrices.Uniform(Tokens * Hidden, 2)), gamma, buffers.Of(Matrices.Uniform(Hidden, 4)),
            sum, y, mean, rstd, Tokens, dropout, 0);
        norm.Backward(buffers.Of(Matrices.Uniform(Tokens * Hidden, 5)), sum, gamma, mean, rstd, dsum, dinput, dgamma, dbeta, Tokens, dropout, 0, accumulate: false);
        return [buffers.Read(sum), buffers.Read(y), buffers.Read(mean), buffers.Read(rstd), buffers.Read(dsum), buffers.Read(dinput), buffers.Read(dgamma), buffers.Read(dbeta)];
    }

    private static float[][] Gelu(ComputeDevice device, GeluForm form)
    {
        const int Count = 301;
        using var buffers = new DeviceBuffers(device);
        var x = buffers.Of(Matrices.Uniform(Count, 1, 6f));
        var (y, dx) = (buffers.Out(Count), buffers.Out(Count));
        var gelu = new Gelu(device);
        gelu.Forward(x, y, Count, form);
        gelu.Backward(x, buffers.Of(Matrices.Uniform(Count, 2)), dx, Count, form);
        return [buffers.Read(y), buffers.Read(dx)];
    }

    private static float[][] Dropout(ComputeDevice device)
    {
        const int Rows = 5, Width = 37;
        using var buffers = new DeviceBuffers(device);
        var y = buffers.Out(Rows * Width);
        new Dropout(device).Forward(buffers.Of(Matrices.Uniform(Rows * Width, 1)), y, Rows, Width, new DropoutState(0.3f, 7, 3, 1), 2);
        return [buffers.Read(y)];
    }

    private static float[][] TopSoftmax(ComputeDevice device)
    {
        const int Rows = 3, Columns = 37, Count = 4;
        using var buffers = new DeviceBuffers(device);
        var probabilities = buffers.Out(Rows * Count);
        new TopSoftmax(device).Run(buffers.Of(Matrices.Uniform(Rows * Columns, 1, 5f)), buffers.Of(new int[Rows * Count]), probabilities, Rows, Columns, Count);
        return [buffers.Read(probabilities)];
    }

    private static float[][] Embedding(ComputeDevice device)
    {
        const int Hidden = 40;
        using var buffers = new DeviceBuffers(device);
        using var embedding = new Embedding(device, Hidden);
        var sum = buffers.Out(3 * Hidden);
        embedding.Forward(
            buffers.Of(4, 1, 4), buffers.Of(0, 1, 2), buffers.Of(0, 0, 1), buffers.Of(Matrices.Uniform(5 * Hidden, 1)), buffers.Of(Matrices.Uniform(3 * Hidden, 2)),
            buffers.Of(Matrices.Uniform(2 * Hidden, 3)), sum, 3);
        return [buffers.Read(sum)];
    }

    private static float[][] Adam(ComputeDevice device)
    {
        const int Count = 512;
        using var buffers = new DeviceBuffers(device);
        using var adam = new Adam(device);
        var (parameters, first, second) = (buffers.Of(Matrices.Uniform(Count, 1)), buffers.Of(Matrices.Uniform(Count, 2)), buffers.Of(Matrices.Uniform(Count, 3).Select(MathF.Abs).ToArray()));
        adam.Run(parameters, buffers.Of(Matrices.Uniform(Count, 4)), first, second, buffers.Of(1f, 0f), default, Count, new AdamStep(default, 1e-3, 2, 0.01, Epsilon: 1e-8));
        return [buffers.Read(parameters), buffers.Read(first), buffers.Read(second)];
    }

    private static float[][] Gemm(ComputeDevice device, GemmShape shape)
    {
        const int M = 5, N = 33, K = 17;
        using var buffers = new DeviceBuffers(device);
        var (x, w, dy) = (buffers.Of(Matrices.Uniform(M * K, 1)), buffers.Of(Matrices.Uniform(K * N, 2)), buffers.Of(Matrices.Uniform(M * N, 3)));
        var (y, dx, dw) = (buffers.Out(M * N), buffers.Out(M * K), buffers.Out(K * N));
        var gemm = new Gemm(device, shape);
        gemm.Forward(x, w, buffers.Of(Matrices.Uniform(N, 4)), y, M, N, K);
        gemm.DataGradient(dy, w, dx, M, N, K, accumulate: false);
        gemm.WeightGradient(x, dy, dw, M, N, K, accumulate: false);
        return [buffers.Read(y), buffers.Read(dx), buffers.Read(dw)];
    }

    private static float[][] Attention(ComputeDevice device, AttentionShape shape)
    {
        const int Heads = 2, HeadSize = 32, Tokens = 7;
        var run = AttentionRun.Of(
            device, shape, Matrices.Uniform(Tokens * 3 * Heads * HeadSize, 1), Matrices.Uniform(Tokens * Heads * HeadSize, 2), [0, 3, Tokens], Heads, HeadSize, new DropoutState(0.1f, 7, 3, 1));
        return [run.Context, run.LogSumExp, run.Gradient];
    }
}
