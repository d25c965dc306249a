using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// Layer normalization of every row, fused with the dropout and the residual sum before it, as BERT's layers have them.
/// Mean and variance are taken in two passes (no cancellation); both are kept for the backward pass.
/// </summary>
/// <param name="device">The device to run on.</param>
/// <param name="hiddenSize">The row length.</param>
/// <param name="epsilon">Added to the variance; BERT's is 1e-12.</param>
public sealed class LayerNorm(ComputeDevice device, int hiddenSize, float epsilon) : IDisposable
{
    /// <summary>Rows whose share of the gradients of gamma and beta is summed before chunks are combined in order.</summary>
    public const int RowsPerChunk = 16;

    private const int WithResidual = 1;
    private const int WithDropout = 2;

    private readonly DeviceScratch<float> partials = new(device);
    private readonly ChunkSum chunkSum = new(device);
    private Action<KernelConfig, int, SpecializedValue<int>, SpecializedValue<int>, float, DropoutDraw, int, ArrayView<float>,
        ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>,
        ArrayView<float>>? forward;

    private Action<KernelConfig, int, SpecializedValue<int>, SpecializedValue<int>, DropoutDraw, int, ArrayView<float>, ArrayView<float>,
        ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>? backward;

    /// <summary>Makes room for batches of up to this many tokens now, so that no later call allocates.</summary>
    /// <param name="maxTokens">The largest number of tokens to come.</param>
    public void Reserve(int maxTokens) => partials.Take(Math.Max(1L, (long)Chunks(maxTokens) * 2 * hiddenSize));

    /// <summary>sum = residual + dropout(input); output = (sum - mean) * rstd * gamma + beta.</summary>
    /// <param name="input">[tokens, hiddenSize].</param>
    /// <param name="residual">[tokens, hiddenSize], or default: none.</param>
    /// <param name="gamma">[hiddenSize].</param>
    /// <param name="beta">[hiddenSize].</param>
    /// <param name="sum">[tokens, hiddenSize]; may be <paramref name="input"/>.</param>
    /// <param name="output">[tokens, hiddenSize]; not <paramref name="sum"/>.</param>
    /// <param name="mean">[tokens], each row's mean.</param>
    /// <param name="rstd">[tokens], 1 / sqrt(variance + epsilon).</param>
    /// <param name="tokens">The number of rows.</param>
    /// <param name="dropout">The dropout of <paramref name="input"/>; probability 0: off.</param>
    /// <param name="tokenBase">The number of the first row in the logical batch; masks are drawn by it.</param>
    public void Forward(
        ArrayView<float> input,
        ArrayView<float> residual,
        ArrayView<float> gamma,
        ArrayView<float> beta,
        ArrayView<float> sum,
        ArrayView<float> output,
        ArrayView<float> mean,
        ArrayView<float> rstd,
        int tokens,
        DropoutState dropout,
        int tokenBase)
    {
        if (tokens == 0)
            return;
        using var measured = Measure("layer norm, forward", tokens, residual.IsValid ? 4 : 3);
        forward ??= device.LoadOnce(ForwardKernel, KernelLoaders.LoadStreamKernel);
        int form = (residual.IsValid ? WithResidual : 0) | (dropout.Enabled ? WithDropout : 0);
        forward(
            RowLaunch.Shape(device, tokens),
            tokens,
            SpecializedValue.New(hiddenSize),
            SpecializedValue.New(form),
            epsilon,
            dropout.ToDraw(),
            tokenBase,
            input,
            residual.IsValid ? residual : input,
            gamma,
            beta,
            sum,
            output,
            mean,
            rstd);
    }

    /// <summary>
    /// The gradients of <see cref="Forward"/>: with g = doutput * gamma and n = (sum - mean) * rstd,
    /// dsum = rstd (g - mean of g - n * mean of g n); dgamma = sum over rows of doutput * n; dbeta = sum over rows of doutput.
    /// </summary>
    /// <param name="doutput">[tokens, hiddenSize].</param>
    /// <param name="sum">The forward pass's, [tokens, hiddenSize].</param>
    /// <param name="gamma">[hiddenSize].</param>
    /// <param name="mean">The forward pass's, [tokens].</param>
    /// <param name="rstd">The forward pass's, [tokens].</param>
    /// <param name="dsum">[tokens, hiddenSize], what flows on to the residual as it is; may be <paramref name="doutput"/>.</param>
    /// <param name="dinput">
    /// [tokens, hiddenSize], dsum under the forward pass's dropout mask. Not written where dropout is off: it is dsum then.
    /// </param>
    /// <param name="dgamma">[hiddenSize].</param>
    /// <param name="dbeta">[hiddenSize].</param>
    /// <param name="tokens">The number of rows.</param>
    /// <param name="dropout">As in the forward pass.</param>
    /// <param name="tokenBase">As in the forward pass.</param>
    /// <param name="accumulate">Whether to add to what <paramref name="dgamma"/> and <paramref name="dbeta"/> hold.</param>
    public void Backward(
        ArrayView<float> doutput,
        ArrayView<float> sum,
        ArrayView<float> gamma,
        ArrayView<float> mean,
        ArrayView<float> rstd,
        ArrayView<float> dsum,
        ArrayView<float> dinput,
        ArrayView<float> dgamma,
        ArrayView<float> dbeta,
        int tokens,
        DropoutState dropout,
        int tokenBase,
        bool accumulate)
    {
        using var measured = Measure("layer norm, backward", tokens, dropout.Enabled ? 4 : 3);
        int chunks = Chunks(tokens);
        var sums = partials.Take(Math.Max(1L, (long)chunks * 2 * hiddenSize));
        if (chunks > 0)
        {
            backward ??= device.LoadOnce(BackwardKernel, KernelLoaders.LoadStreamKernel);
            int form = dropout.Enabled ? WithDropout : 0;
            backward(
                new KernelConfig(chunks, device.Tiles.RowGroupSize),
                tokens,
                SpecializedValue.New(hiddenSize),
                SpecializedValue.New(form),
                dropout.ToDraw(),
                tokenBase,
                doutput,
                sum,
                gamma,
                mean,
                rstd,
                dsum,
                form == 0 ? dsum : dinput,
                sums);
        }

        chunkSum.Run(sums, dgamma, chunks, 2 * hiddenSize, 0, hiddenSize, accumulate);
        chunkSum.Run(sums, dbeta, chunks, 2 * hiddenSize, hiddenSize, hiddenSize, accumulate);
    }

    /// <inheritdoc/>
    public void Dispose() => partials.Dispose();

    /// <summary>Matrices [tokens, hiddenSize]; mean and rstd of every row; two vectors of the layer.</summary>
    private IDisposable? Measure(string name, int tokens, int matrices) =>
        device.Profile?.Begin(name, 0, sizeof(float) * (((double)tokens * ((matrices * hiddenSize) + 2)) + (2 * hiddenSize)));

    private static int Chunks(int tokens) => (tokens + RowsPerChunk - 1) / RowsPerChunk;

    [Kernel]
    private static void ForwardKernel(
        int tokens,
        SpecializedValue<int> hidden,
        SpecializedValue<int> form,
        float epsilon,
        DropoutDraw draw,
        int tokenBase,
        ArrayView<float> input,
        ArrayView<float> residual,
        ArrayView<float> gamma,
        ArrayView<float> beta,
        ArrayView<float> sum,
        ArrayView<float> output,
        ArrayView<float> mean,
        ArrayView<float> rstd)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        int size = Group.DimX;
        int first = Grid.IdxX * RowLaunch.RowsPerGroup;
        int end = IntrinsicMath.Min(first + RowLaunch.RowsPerGroup, tokens);
        int full = hidden & ~(size - 1);
        float width = (int)hidden;
        for (int row = first; row < end; row++)
        {
            int o = row * hidden;
            float total = 0f;
            if ((form & WithDropout) != 0)
            {
                total = CombineUnderMask(hidden, form, draw, tokenBase + row, o, input, residual, sum);
            }
            else
            {
                for (int c = 0; c < full; c += size)
                    total += Combine(form, 1f, o + c + lane, input, residual, sum);
                if (full < hidden)
                {
                    if (full + lane < hidden)
                        total += Combine(form, 1f, o + full + lane, input, residual, sum);
                }
            }

            float center = GroupReduction.Sum(total, shared) / width;

            float squares = 0f;
            for (int c = 0; c < full; c += size)
            {
                float d = sum[o + c + lane] - center;
                squares += d * d;
            }

            if (full < hidden)
            {
                if (full + lane < hidden)
                {
                    float d = sum[o + full + lane] - center;
                    squares += d * d;
                }
            }

            float variance = GroupReduction.Sum(squares, shared) / width;
            float scale = 1f / MathF.Sqrt(variance + epsilon);
            for (int c = 0; c < full; c += size)
                output[o + c + lane] = (sum[o + c + lane] - center) * scale * gamma[c + lane] + beta[c + lane];
            if (full < hidden)
            {
                if (full + lane < hidden)
                    output[o + full + lane] = (sum[o + full + lane] - center) * scale * gamma[full + lane] + beta[full + lane];
            }

            if (lane == 0)
            {
                mean[row] = center;
                rstd[row] = scale;
            }
        }
    }

    /// <summary>A row of sum = residual + dropout(input); gives the thread's share of its total.</summary>
    private static float CombineUnderMask(
        int hidden, int form, DropoutDraw draw, int logicalRow, int o, ArrayView<float> input, ArrayView<float> residual, ArrayView<float> sum)
    {
        float total = 0f;
        int calls = Dropout.CallsOf(hidden);
        for (int call = 0; call < calls; call += Group.DimX)
        {
            var words = draw.Words(logicalRow, call + Group.IdxX);
            int column = Dropout.FirstColumn(call);
            int i = o + column;
            if (Dropout.ColumnsEnd(call) <= hidden)
            {
                total += Combine(form, Dropout.FactorOf(draw, words.Word0), i, input, residual, sum);
                total += Combine(form, Dropout.FactorOf(draw, words.Word1), i + 16, input, residual, sum);
                total += Combine(form, Dropout.FactorOf(draw, words.Word2), i + 32, input, residual, sum);
                total += Combine(form, Dropout.FactorOf(draw, words.Word3), i + 48, input, residual, sum);
            }
            else
            {
                if (column < hidden)
                    total += Combine(form, Dropout.FactorOf(draw, words.Word0), i, input, residual, sum);
                if (column + 16 < hidden)
                    total += Combine(form, Dropout.FactorOf(draw, words.Word1), i + 16, input, residual, sum);
                if (column + 32 < hidden)
                    total += Combine(form, Dropout.FactorOf(draw, words.Word2), i + 32, input, residual, sum);
                if (column + 48 < hidden)
                    total += Combine(form, Dropout.FactorOf(draw, words.Word3), i + 48, input, residual, sum);
            }
        }

        return total;
    }

    /// <summary>sum = residual + factor * input for one element; gives it back.</summary>
    private static float Combine(
        int form, float factor, int i, ArrayView<float> input, ArrayView<float> residual, ArrayView<float> sum)
    {
        float x = input[i];
        if ((form & WithDropout) != 0)
            x *= factor;
        if ((form & WithResidual) != 0)
            x += residual[i];
        sum[i] = x;
        return x;
    }

    /// <summary>One group: a chunk of rows, whose share of dgamma and dbeta it leaves in <paramref name="partials"/>.</summary>
    [Kernel]
    private static void BackwardKernel(
        int tokens,
        SpecializedValue<int> hidden,
        SpecializedValue<int> form,
        DropoutDraw draw,
        int tokenBase,
        ArrayView<float> doutput,
        ArrayView<float> sum,
        ArrayView<float> gamma,
        ArrayView<float> mean,
        ArrayView<float> rstd,
        ArrayView<float> dsum,
        ArrayView<float> dinput,
        ArrayView<float> partials)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        int size = Group.DimX;
        int chunk = Grid.IdxX;
        int first = chunk * RowsPerChunk;
        int end = IntrinsicMath.Min(first + RowsPerChunk, tokens);
        int full = hidden & ~(size - 1);
        float width = (int)hidden;
        int gammaSum = chunk * 2 * hidden;
        int betaSum = gammaSum + hidden;
        for (int c = 0; c < hidden; c += size)
        {
            if (c + lane < hidden)
            {
                partials[gammaSum + c + lane] = 0f;
                partials[betaSum + c + lane] = 0f;
            }
        }

        for (int row = first; row < end; row++)
        {
            int o = row * hidden;
            float center = mean[row];
            float scale = rstd[row];
            float sumG = 0f;
            float sumGn = 0f;
            for (int c = 0; c < full; c += size)
            {
                int i = c + lane;
                float n = (sum[o + i] - center) * scale;
                float g = Accumulate(doutput[o + i], n, gamma[i], gammaSum + i, betaSum + i, partials);
                sumG += g;
                sumGn += g * n;
            }

            if (full < hidden)
            {
                int i = full + lane;
                if (i < hidden)
                {
                    float n = (sum[o + i] - center) * scale;
                    float g = Accumulate(doutput[o + i], n, gamma[i], gammaSum + i, betaSum + i, partials);
                    sumG += g;
                    sumGn += g * n;
                }
            }

            float meanG = GroupReduction.Sum(sumG, shared) / width;
            float meanGn = GroupReduction.Sum(sumGn, shared) / width;
            if ((form & WithDropout) != 0)
            {
                WriteUnderMask(
                    hidden, draw, tokenBase + row, o, center, scale, meanG, meanGn, doutput, sum, gamma, dsum, dinput);
            }
            else
            {
                for (int c = 0; c < full; c += size)
                    dsum[o + c + lane] = SumGradient(o, c + lane, center, scale, meanG, meanGn, doutput, sum, gamma);
                if (full < hidden)
                {
                    if (full + lane < hidden)
                        dsum[o + full + lane] = SumGradient(o, full + lane, center, scale, meanG, meanGn, doutput, sum, gamma);
                }
            }
        }
    }

    /// <summary>Adds one element's share of dgamma and dbeta; gives its g = dy * gamma.</summary>
    private static float Accumulate(float dy, float n, float gamma, int gammaSum, int betaSum, ArrayView<float> partials)
    {
        partials[gammaSum] += dy * n;
        partials[betaSum] += dy;
        return dy * gamma;
    }

    /// <summary>One element of dsum.</summary>
    private static float SumGradient(
        int o,
        int column,
        float center,
        float scale,
        float meanG,
        float meanGn,
        ArrayView<float> doutput,
        ArrayView<float> sum,
        ArrayView<float> gamma)
    {
        float n = (sum[o + column] - center) * scale;
        return (doutput[o + column] * gamma[column] - meanG - n * meanGn) * scale;
    }

    /// <summary>A row of dsum and, under the mask, of dinput.</summary>
    private static void WriteUnderMask(
        int hidden,
        DropoutDraw draw,
        int logicalRow,
        int o,
        float center,
        float scale,
        float meanG,
        float meanGn,
        ArrayView<float> doutput,
        ArrayView<float> sum,
        ArrayView<float> gamma,
        ArrayView<float> dsum,
        ArrayView<float> dinput)
    {
        int calls = Dropout.CallsOf(hidden);
        for (int call = 0; call < calls; call += Group.DimX)
        {
            var words = draw.Words(logicalRow, call + Group.IdxX);
            int column = Dropout.FirstColumn(call);
            if (Dropout.ColumnsEnd(call) <= hidden)
            {
                float d0 = SumGradient(o, column, center, scale, meanG, meanGn, doutput, sum, gamma);
                float d1 = SumGradient(o, column + 16, center, scale, meanG, meanGn, doutput, sum, gamma);
                float d2 = SumGradient(o, column + 32, center, scale, meanG, meanGn, doutput, sum, gamma);
                float d3 = SumGradient(o, column + 48, center, scale, meanG, meanGn, doutput, sum, gamma);
                Write(d0, Dropout.FactorOf(draw, words.Word0), o + column, dsum, dinput);
                Write(d1, Dropout.FactorOf(draw, words.Word1), o + column + 16, dsum, dinput);
                Write(d2, Dropout.FactorOf(draw, words.Word2), o + column + 32, dsum, dinput);
                Write(d3, Dropout.FactorOf(draw, words.Word3), o + column + 48, dsum, dinput);
            }
            else
            {
                for (int part = 0; part < 4; part++)
                {
                    int c = column + part * 16;
                    if (c < hidden)
                    {
                        float d = SumGradient(o, c, center, scale, meanG, meanGn, doutput, sum, gamma);
                        Write(d, Dropout.FactorOf(draw, words.Pick(part)), o + c, dsum, dinput);
                    }
                }
            }
        }
    }

    private static void Write(float d, float factor, int i, ArrayView<float> dsum, ArrayView<float> dinput)
    {
        dsum[i] = d;
        dinput[i] = d * factor;
    }
}
