using System.CommandLine;
using Engine.Benchmarks.Variants;
using Engine.Compute;
using Engine.Kernels;

namespace Engine.Benchmarks.SideBySide;

/// <summary>
/// <c>side-by-side variants</c>: copies of the matrix product and of attention under other names, with statements reordered, another epilogue and odd tile
/// constants, against the originals. A back end that recognized kernels would leave the copies far behind.
/// </summary>
internal static class VariantsCommand
{
    private const double Wanted = 0.9;

    /// <summary>Largest distance of the two results, relative to the result's norm: both are float32 sums of at most 3,072 products in different orders.</summary>
    private const double Tolerance = 1e-5;

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var threads = CommonOptions.Threads();
        var rounds = CommonOptions.Rounds(11);
        var command = new Command("variants", "Rewritten copies of the matrix product and attention against the originals: at least 0.9 of their speed is wanted.")
        {
            threads, rounds,
        };
        command.SetAction(parsed => Run(parsed.GetValue(threads), parsed.GetValue(rounds)));
        return command;
    }

    private static int Run(int threads, int rounds)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Console.WriteLine(Machine.Description);
        Console.WriteLine(device.Name);
        Console.WriteLine();
        Console.WriteLine($"{"kernel",-56}{"original ms",14}{"copy ms",14}{"copy's speed",14}");
        var worst = Math.Min(MeasureProducts(device, rounds), MeasureAttention(device, rounds));
        Console.WriteLine();
        Console.WriteLine($"{"worst",-84}{worst,14:F2}  ({(worst >= Wanted ? "at least" : "below")} {Wanted})");
        return worst >= Wanted ? 0 : 1;
    }

    private static double MeasureProducts(ComputeDevice device, int rounds)
    {
        var products = BertProduct.OfBert().Where(product => product.Tokens == 1024).ToList();
        var original = new Gemm(device);
        var copy = ReorderedGemm.Load(device);
        using var left = new DeviceMatrix(device, products.Max(product => product.LeftLength), 1);
        using var right = new DeviceMatrix(device, products.Max(product => product.RightLength), 2);
        using var result = new DeviceMatrix(device, products.Max(product => product.ResultLength));
        using var copiedResult = new DeviceMatrix(device, products.Max(product => product.ResultLength));

        void Original(BertProduct product)
        {
            var (m, n, k) = (product.Tokens, product.Outputs, product.Inputs);
            switch (product.Form)
            {
                case GemmForm.Forward:
                    original.Forward(left.View, right.View, default, result.View, m, n, k);
                    break;
                case GemmForm.DataGradient:
                    original.DataGradient(left.View, right.View, result.View, m, n, k, false);
                    break;
                case GemmForm.WeightGradient:
                    original.WeightGradient(left.View, right.View, result.View, m, n, k, false);
                    break;
            }

            device.Synchronize();
        }

        void Copy(BertProduct product)
        {
            copy.Run(product, left.View, right.View, copiedResult.View);
            device.Synchronize();
        }

        return products.Min(product => Measure(
            product.Name,
            rounds,
            () => Original(product),
            () => Copy(product),
            () => Results.RequireEqual(product.Name, copiedResult, result, product.ResultLength, Tolerance)));
    }

    private static double MeasureAttention(ComputeDevice device, int rounds) => StepShape.All.Min(shape =>
    {
        var headSize = shape.Hidden / shape.Heads;
        var tokens = shape.Batch * shape.Sequence;
        int[] offsets = [.. Enumerable.Range(0, shape.Batch + 1).Select(i => i * shape.Sequence)];
        var dropout = new DropoutState(0.1f, 1, 1, 1);
        using var original = new Attention(device, shape.Heads, headSize, tokens, shape.Batch);
        using var copy = ReorderedAttention.Load(device, shape.Heads, headSize, offsets, dropout);
        using var qkv = new DeviceMatrix(device, tokens * shape.Hidden * 3, 1);
        using var contextGradient = new DeviceMatrix(device, tokens * shape.Hidden, 2);
        using var context = new DeviceMatrix(device, tokens * shape.Hidden);
        using var copiedContext = new DeviceMatrix(device, tokens * shape.Hidden);
        using var qkvGradient = new DeviceMatrix(device, tokens * shape.Hidden * 3);
        using var copiedQkvGradient = new DeviceMatrix(device, tokens * shape.Hidden * 3);
        using var logSumExp = new DeviceMatrix(device, tokens * shape.Heads);
        original.Prepare(offsets);
        var size = $"{shape.Batch} x {shape.Sequence}, {shape.Heads} heads of {headSize}";
        var forward = Measure(
            $"attention, forward, {size}",
            rounds,
            () => original.Forward(qkv.View, context.View, logSumExp.View, tokens, dropout, 0),
            () => copy.Forward(qkv.View, copiedContext.View, logSumExp.View),
            () => Results.RequireEqual("attention, forward", copiedContext, context, tokens * shape.Hidden, Tolerance));
        var backward = Measure(
            $"attention, backward, {size}",
            rounds,
            () => original.Backward(qkv.View, context.View, contextGradient.View, logSumExp.View, qkvGradient.View, tokens, dropout, 0),
            () => copy.Backward(qkv.View, context.View, contextGradient.View, logSumExp.View, copiedQkvGradient.View),
            () => Results.RequireEqual("attention, backward", copiedQkvGradient, qkvGradient, tokens * shape.Hidden * 3, Tolerance));
        return Math.Min(forward, backward);
    });

    private static double Measure(string name, int rounds, Action original, Action copy, Action compare)
    {
        original();
        copy();
        compare();
        var alternation = new Alternation(original, copy) { WarmUp = 1, Calls = 3 };
        for (var round = 0; round < rounds; round++)
            alternation.Turn();
        var (first, second) = alternation.Medians;
        Console.WriteLine($"{name,-56}{first * 1e3,14:F2}{second * 1e3,14:F2}{first / second,14:F2}");
        return first / second;
    }
}
