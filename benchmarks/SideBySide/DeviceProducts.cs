using Engine.Compute;
using Engine.Kernels;

namespace Engine.Benchmarks.SideBySide;

/// <summary>Our matrix products on a device, with operands that are large enough for a list of them.</summary>
internal sealed class DeviceProducts : IDisposable
{
    /// <summary>Work of one timed turn, in floating-point operations: milliseconds, against the clock's and the scheduler's grain.</summary>
    private const double TurnWork = 2e9;

    private readonly ComputeDevice device;
    private readonly Gemm gemm;
    private readonly DeviceMatrix bias;

    /// <summary>Makes the operands, random numbers.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    /// <param name="products">The products to come.</param>
    public DeviceProducts(ComputeDevice device, IReadOnlyList<BertProduct> products)
    {
        this.device = device;
        gemm = new Gemm(device);
        Left = new DeviceMatrix(device, products.Max(product => product.LeftLength), 1);
        Right = new DeviceMatrix(device, products.Max(product => product.RightLength), 2);
        Result = new DeviceMatrix(device, products.Max(product => product.ResultLength));
        bias = new DeviceMatrix(device, products.Max(product => product.Outputs));
    }

    /// <summary>Gets the left operand.</summary>
    public DeviceMatrix Left { get; }

    /// <summary>Gets the right operand.</summary>
    public DeviceMatrix Right { get; }

    /// <summary>Gets the result of the last product.</summary>
    public DeviceMatrix Result { get; }

    /// <summary>Returns how many calls of a product one timed turn has.</summary>
    /// <param name="product">The product.</param>
    public static int CallsOfTurn(BertProduct product) => Math.Max(1, (int)(TurnWork / product.FloatingPointOperations));

    /// <summary>Computes a product and waits for it.</summary>
    /// <param name="product">One of those that were named.</param>
    public void Run(BertProduct product)
    {
        var (m, n, k) = (product.Tokens, product.Outputs, product.Inputs);
        switch (product.Form)
        {
            case GemmForm.Forward:
                gemm.Forward(Left.View, Right.View, bias.View, Result.View, m, n, k);
                break;
            case GemmForm.DataGradient:
                gemm.DataGradient(Left.View, Right.View, Result.View, m, n, k, false);
                break;
            case GemmForm.WeightGradient:
                gemm.WeightGradient(Left.View, Right.View, Result.View, m, n, k, false);
                break;
        }

        device.Synchronize();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
        Result.Dispose();
        bias.Dispose();
    }
}
