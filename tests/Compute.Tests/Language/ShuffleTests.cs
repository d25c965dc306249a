using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>Lanes that leave a loop at different times are together again behind it, whether they are a vector's or threads that run one by one.</summary>
public sealed class ShuffleTests(Accelerators accelerators) : IClassFixture<Accelerators>
{
    public static TheoryData<int> Widths() => Accelerators.Widths();

    [Theory]
    [MemberData(nameof(Widths))]
    public void LanesMeetBehindALoopThatTheyLeaveAtDifferentTimes(int bits)
    {
        const int Threads = 32;
        var accelerator = accelerators[bits];
        using var rounds = accelerator.Allocate1D<int>(Threads);
        accelerator.LoadStreamKernel<ArrayView<int>>(Kernel)((1, Threads), rounds.View);
        Assert.Equal(Enumerable.Range(0, Threads).Select(thread => (thread ^ 1) & 3), rounds.GetAsArray1D());
    }

    /// <summary>Every thread goes as many rounds as the last two bits of its index say, with a shuffle in each, and then asks its neighbour how many it has gone.</summary>
    private static void Kernel(ArrayView<int> rounds)
    {
        var gone = 0;
        for (var k = 0; k < (Group.IdxX & 3); k++)
        {
            gone = Warp.ShuffleXor(gone + 1, 0);
        }

        rounds[Group.IdxX] = Warp.ShuffleXor(gone, 1);
    }
}
