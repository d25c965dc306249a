using Xunit;

namespace Engine.Kernels.Tests.Arithmetic;

/// <summary>
/// ILGPU's IR builder changes some forms of arithmetic, so that they would give other values on every accelerator than in .NET. No kernel uses one, nor do the
/// methods that kernels call.
/// </summary>
public sealed class BuilderFormTests
{
    public static TheoryData<string, bool> Samples() => new()
    {
        { nameof(Halved), true },
        { nameof(UnsignedQuarter), true },
        { nameof(TwoConstants), true },
        { nameof(TwoConstantsThroughAVariable), true },
        { nameof(TwoConstantsThroughACall), true },
        { nameof(WithZero), true },
        { nameof(FromZero), true },
        { nameof(ConstantFirst), true },
        { nameof(UnsignedExtension), true },
        { nameof(OtherSign), true },
        { nameof(NothingOfTheKind), false },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void TheReaderFindsTheForms(string method, bool found)
    {
        var reader = new ArithmeticReader();
        reader.Read(typeof(BuilderFormTests).GetMethod(method)!);
        Assert.True(reader.Found.Count > 0 == found, string.Join("; ", reader.Found));
    }

    [Fact]
    public void NoKernelUsesThem()
    {
        var reader = new ArithmeticReader();
        foreach (var kernel in KernelCatalog.All)
        {
            reader.Read(kernel.Method);
        }

        Assert.True(reader.Operations > 1000, $"only {reader.Operations} operations were read");
        Assert.True(reader.Found.Count == 0, string.Join(Environment.NewLine, reader.Found));
    }

    public static int Halved(int x) => x / 2;

    public static uint UnsignedQuarter(uint x) => x / 4;

    public static float TwoConstants(float x) => x * 3f * 0.1f;

    public static float TwoConstantsThroughAVariable(float x, float y)
    {
        var sum = x + 0.1f;
        return y > sum ? sum + 0.3f : sum;
    }

    public static float TwoConstantsThroughACall(float x) => Scale(x * 3f, 0.1f);

    public static float WithZero(float x) => x + 0f;

    public static float FromZero(float x) => 0f - x;

    public static bool ConstantFirst(float x) => 1f < x;

    public static ulong UnsignedExtension(int x) => (uint)(sbyte)x;

    public static int OtherSign(int x) => (ushort)(short)x;

    public static float NothingOfTheKind(float x, int n) => (x * 0.1f) + ((n >> 1) * (x > 1f ? 0.5f : -x)) + (n / 3);

    private static float Scale(float x, float by) => x * by;
}
