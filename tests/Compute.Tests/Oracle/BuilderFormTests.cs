using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Oracle;

/// <summary>
/// Records what ILGPU's IR builder changes: .NET, and so the oracle, gives one value, every accelerator that compiles ILGPU's IR gives another. Random kernels
/// leave these forms out; if a version of ILGPU no longer changes one, its test fails and the form can be used.
/// </summary>
public sealed class BuilderFormTests
{
    public static TheoryData<string, object, object, object> Forms() => new()
    {
        // Rounds down instead of towards zero.
        { nameof(BuilderKernels.SignedDivisionByAPowerOfTwo), -7, -3, -4 },

        // A signed shift, whose upper bits are the sign's.
        { nameof(BuilderKernels.UnsignedDivisionByAPowerOfTwo), -8, (int)(0xFFFFFFF8u / 4u), -2 },

        // The constants' sum is 0; one after the other they round the number away.
        { nameof(BuilderKernels.SumWithTwoConstants), 1f, 0f, 1f },

        // The constants' product is near 1; one after the other they overflow.
        { nameof(BuilderKernels.ProductWithTwoConstants), 1e10f, float.PositiveInfinity, 1e10f * (1e30f * 1e-30f) },
        { nameof(BuilderKernels.SumWithZero), -0f, 0f, -0f },
        { nameof(BuilderKernels.DifferenceFromZero), 0f, 0f, -0f },

        // The second conversion's signedness is forgotten.
        { nameof(BuilderKernels.UnsignedExtensionOfAConversion), -5, 0, -1 },
        { nameof(BuilderKernels.ConversionToTheOtherSign), -5, 65531, -5 },
        { nameof(BuilderKernels.ConstantOnTheLeftOfAComparison), float.NaN, 0, 1 },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void TheBuilderChangesIt(string kernel, object operand, object inNet, object afterTheBuilder)
    {
        using var oracle = ComputeDevice.Open("ilgpu-cpu");
        Assert.Equal(Bits(inNet), Run(oracle, kernel, operand));
        using var vector = ComputeDevice.Open("cpu", new() { Contraction = false });
        Assert.Equal(Bits(afterTheBuilder), Run(vector, kernel, operand));
        Assert.NotEqual(Bits(inNet), Bits(afterTheBuilder));
    }

    /// <summary>Runs a form on one operand; gives the result's bits.</summary>
    private static int Run(ComputeDevice device, string kernel, object operand)
    {
        var method = typeof(BuilderKernels).GetMethod(kernel)!;
        var action = method.CreateDelegate<Action<ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<int>>>();
        using var floats = device.Accelerator.Allocate1D([operand as float? ?? 0f]);
        using var ints = device.Accelerator.Allocate1D([operand as int? ?? 0]);
        using var x = device.Accelerator.Allocate1D<float>([float.NaN]);
        using var y = device.Accelerator.Allocate1D([int.MinValue]);
        device.Accelerator.LoadStreamKernel(action)(new KernelConfig(1, 1), floats.View, ints.View, x.View, y.View);
        device.Synchronize();
        var integer = y.GetAsArray1D()[0];
        return integer != int.MinValue ? integer : BitConverter.SingleToInt32Bits(x.GetAsArray1D()[0]);
    }

    private static int Bits(object value) => value is float number ? BitConverter.SingleToInt32Bits(number) : (int)value;
}
