using System.Text.RegularExpressions;
using Engine.Compute.Vector;
using Xunit;

namespace Engine.Compute.Tests.Compiler;

/// <summary>The compiler's IR of small kernels, word for word: what it unrolls, promotes, fuses, hoists, and what it finds out about lanes.</summary>
public sealed partial class DumpTests : IDisposable
{
    private readonly ComputeDevice device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { VectorBits = 128 });

    public void Dispose() => device.Dispose();

    // The branch varies, the address does not need vectors: it is a scalar that advances by 4 bytes a lane.
    [Fact]
    public void OneThreadAnElement() => Check(
        nameof(DumpKernels.Axpy),
        """
        kernel Kernel_Axpy
        b0:
          %0 = argument i64  0  ; uniform
          %1 = argument i64  16  ; uniform
          %2 = argument f32  32  ; uniform
          %3 = argument i32  48  ; uniform
          %4 = gridindex i32  0  ; uniform
          %5 = multiply i32 %4, 8  ; uniform
          %6 = groupindex i32  0  ; strided 1
          %7 = add i32 %5, %6  ; strided 1
          %8 = compare.greaterorequal bool %7, %3  ; varying
          branch %8, b2, b1
        b1: ; from b0
          %9 = signextend i64 %4  ; uniform
          %10 = multiply i64 %9, 32  ; uniform
          %11 = add i64 %0, %10  ; uniform
          %12 = signextend i64 %6  ; strided 1
          %13 = multiply i64 %12, 4  ; strided 4
          %14 = add i64 %11, %13  ; strided 4
          %15 = load f32 %14  ; varying
          %16 = add i64 %1, %10  ; uniform
          %17 = add i64 %16, %13  ; strided 4
          %18 = load f32 %17  ; varying
          %19 = multiplyadd f32 %2, %15, %18  ; varying
          store %17, %19  ; varying
          jump b2
        b2: ; from b0, b1
          return

        """);

    // No access to the local array is left, each multiply and add is one operation, and what does not depend on k has left the loop.
    [Fact]
    public void LocalArraysBecomeValues() => Check(
        nameof(DumpKernels.Tile),
        """
        kernel Kernel_Tile
          local 0: 12 bytes
        b0:
          %0 = argument i64  0  ; uniform
          %1 = argument i64  16  ; uniform
          %2 = argument i64  32  ; uniform
          %3 = argument i32  48  ; uniform
          %4 = groupindex i32  0  ; strided 1
          %5 = signextend i64 %4  ; strided 1
          %6 = multiply i64 %5, 4  ; strided 4
          %7 = add i64 %1, %6  ; strided 4
          %8 = signextend i64 %3  ; uniform
          %9 = multiply i64 %8, 4  ; uniform
          %10 = add i64 %0, %9  ; uniform
          %11 = multiply i64 %8, 8  ; uniform
          %12 = add i64 %0, %11  ; uniform
          jump b1
        b1: ; from b0, b2
          %13 = phi i32 b0: 0, b2: %32  ; uniform
          %14 = phi f32 b0: 0f, b2: %25  ; varying
          %15 = phi f32 b0: 0f, b2: %28  ; varying
          %16 = phi f32 b0: 0f, b2: %31  ; varying
          %17 = compare.less bool %13, %3  ; uniform
          branch %17, b2, b3
        b2: ; from b1
          %18 = signextend i64 %13  ; uniform
          %19 = multiply i64 %18, 32  ; uniform
          %20 = add i64 %7, %19  ; strided 4
          %21 = load f32 %20  ; varying
          %22 = multiply i64 %18, 4  ; uniform
          %23 = add i64 %0, %22  ; uniform
          %24 = load f32 %23  ; uniform
          %25 = multiplyadd f32 %24, %21, %14  ; varying
          %26 = add i64 %10, %22  ; uniform
          %27 = load f32 %26  ; uniform
          %28 = multiplyadd f32 %27, %21, %15  ; varying
          %29 = add i64 %12, %22  ; uniform
          %30 = load f32 %29  ; uniform
          %31 = multiplyadd f32 %30, %21, %16  ; varying
          %32 = add i32 %13, 1  ; uniform
          jump b1
        b3: ; from b1
          %33 = phi f32 b1: %14  ; varying
          %34 = phi f32 b1: %15  ; varying
          %35 = phi f32 b1: %16  ; varying
          %36 = add i64 %2, %6  ; strided 4
          store %36, %33  ; varying
          store %36, %34 + 32  ; varying
          store %36, %35 + 64  ; varying
          return

        """);

    // The counter is the same for all lanes that are still in the loop; what comes out of it varies.
    [Fact]
    public void LoopsThatThreadsLeaveAtDifferentTimes() => Check(
        nameof(DumpKernels.Halvings),
        """
        kernel Kernel_Halvings
        b0:
          %0 = argument i64  0  ; uniform
          %1 = argument i64  16  ; uniform
          %2 = groupindex i32  0  ; strided 1
          %3 = signextend i64 %2  ; strided 1
          %4 = multiply i64 %3, 4  ; strided 4
          %5 = add i64 %0, %4  ; strided 4
          %6 = load i32 %5  ; varying
          jump b1
        b1: ; from b0, b2
          %7 = phi i32 b0: 0, b2: %11  ; uniform
          %8 = phi i32 b0: %6, b2: %10  ; varying
          %9 = compare.greater bool %8, 1  ; varying
          branch %9, b2, b3
        b2: ; from b1
          %10 = shiftright i32 %8, 1  ; varying
          %11 = add i32 %7, 1  ; uniform
          jump b1
        b3: ; from b1
          %12 = phi i32 b1: %7  ; varying
          %13 = add i64 %1, %4  ; strided 4
          store %13, %12  ; varying
          return

        """);

    // A reversed access is one whose stride is negative.
    [Fact]
    public void SharedMemoryBetweenBarriers() => Check(
        nameof(DumpKernels.Rotate),
        """
        kernel Kernel_Rotate
          shared 0: 256 bytes
        b0:
          %0 = argument i64  0  ; uniform
          %1 = sharedarray i64  0  ; uniform
          %2 = groupindex i32  0  ; strided 1
          %3 = signextend i64 %2  ; strided 1
          %4 = multiply i64 %3, 4  ; strided 4
          %5 = add i64 %1, %4  ; strided 4
          %6 = add i64 %0, %4  ; strided 4
          %7 = load f32 %6  ; varying
          store %5, %7  ; varying
          barrier  ; uniform
          %10 = multiply i64 %3, -4  ; strided -4
          %11 = add i64 %1, %10  ; strided -4
          %12 = load f32 %11 + 28  ; varying
          store %6, %12  ; varying
          return

        """);

    [Fact]
    public void EveryStageIsShown()
    {
        var dump = KernelDump.Of(device, typeof(DumpKernels).GetMethod(nameof(DumpKernels.Axpy))!, 8, vectorBits: 256);
        Assert.StartsWith("Axpy_0[", dump.Source, StringComparison.Ordinal);
        Assert.Contains("groupdimension", dump.Imported, StringComparison.Ordinal);
        Assert.DoesNotContain("groupdimension", dump.Function, StringComparison.Ordinal);
        Assert.Contains("call Vector256.FusedMultiplyAdd", dump.Instructions, StringComparison.Ordinal);
        Assert.Contains("MaskStore", dump.Instructions, StringComparison.Ordinal);
    }

    // ILGPU numbers all values of a process with one counter; what was compiled before must not show.
    [Fact]
    public void TheSameKernelGivesTheSameText()
    {
        var kernel = typeof(DumpKernels).GetMethod(nameof(DumpKernels.Tile))!;
        var first = KernelDump.Of(device, kernel, 8);
        KernelDump.Of(device, typeof(DumpKernels).GetMethod(nameof(DumpKernels.Rotate))!, 8);
        Assert.Equal(first, KernelDump.Of(device, kernel, 8));
    }

    [Fact]
    public void SourceIsNumberedByDefinitions() => Assert.Equal(
        "Step_0[EntryPoint]_0(Int32 count_0, Int32 x_1_1)\nEntry_0:\n\tphi_2: count_0, arith_4 [Entry_0, BB_1]\n\tconst_3: 17 [Int32]\nBB_1:\n\tarith_4: phi_2, const_3 [None]\n\tret_5: undef_6\n",
        SourceNumbering.Normalize(
            "Step_7[EntryPoint]_90(Int32 count_95, Int32 x_1_93)\nEntry_80:\n\tphi_92: count_95, arith_94 [Entry_80, BB_81]\n\tconst_17: 17 [Int32]\nBB_81:\n\tarith_94: phi_92, const_17 [None]\n\tret_96: undef_89\n"));

    // Nothing is run, so that no machine needs the vectors that it shows.
    [Theory]
    [InlineData(128)]
    [InlineData(256)]
    [InlineData(512)]
    public void EveryWidthIsShownOnEveryMachine(int bits)
    {
        var dump = KernelDump.Of(device, typeof(DumpKernels).GetMethod(nameof(DumpKernels.Rotate))!, 32, vectorBits: bits);
        Assert.Contains($"call Vector{bits}.Load<Single>", dump.Instructions, StringComparison.Ordinal);
        Assert.Equal(bits > 128, dump.Instructions.Contains("call Avx2.GatherVector256", StringComparison.Ordinal));
    }

    // A load that goes down a matrix is announced 16 rows before: the distance is computed once, ahead of the loop.
    [Fact]
    public void RowsOfAMatrixArePrefetched() => Check(
        nameof(DumpKernels.ColumnSums),
        """
        kernel Kernel_ColumnSums
        b0:
          %0 = argument i64  0  ; uniform
          %1 = argument i64  16  ; uniform
          %2 = argument i32  32  ; uniform
          %3 = argument i32  48  ; uniform
          %4 = groupindex i32  0  ; strided 1
          %5 = signextend i64 %4  ; strided 1
          %6 = multiply i64 %5, 4  ; strided 4
          %7 = add i64 %0, %6  ; strided 4
          %8 = signextend i64 %3  ; uniform
          %9 = multiply i64 %8, 64  ; uniform
          jump b1
        b1: ; from b0, b2
          %10 = phi f32 b0: 0f, b2: %20  ; varying
          %11 = phi i32 b0: 0, b2: %21  ; uniform
          %12 = compare.less bool %11, %2  ; uniform
          branch %12, b2, b3
        b2: ; from b1
          %13 = signextend i64 %11  ; uniform
          %14 = multiply i64 %8, %13  ; uniform
          %15 = multiply i64 %14, 4  ; uniform
          %16 = add i64 %7, %15  ; strided 4
          %17 = add i64 %16, %9  ; strided 4
          prefetch %17  ; varying
          %19 = load f32 %16  ; varying
          %20 = add f32 %10, %19  ; varying
          %21 = add i32 %11, 1  ; uniform
          jump b1
        b3: ; from b1
          %22 = phi f32 b1: %10  ; varying
          %23 = add i64 %1, %6  ; strided 4
          store %23, %22  ; varying
          return

        """);

    // While one block is added to its rows, the rows of the next block are announced: 32 columns of 4 bytes further on.
    [Fact]
    public void TheNextBlocksRowsArePrefetched()
    {
        var dump = KernelDump.Of(device, typeof(DumpKernels).GetMethod(nameof(DumpKernels.AddBlocks))!, 8);
        var prefetches = Matches().Matches(dump.Function);
        Assert.Equal(["128"], prefetches.Select(match => match.Groups["distance"].Value));
        Assert.Equal(prefetches[0].Groups["prefetched"].Value, prefetches[0].Groups["loaded"].Value);
    }

    [Theory]
    [InlineData(nameof(DumpKernels.NarrowColumnSums))]
    [InlineData(nameof(DumpKernels.FirstColumn))]
    [InlineData(nameof(DumpKernels.Tile))]
    [InlineData(nameof(DumpKernels.AddOnes))]
    public void WhatTheProcessorPrefetchesItselfIsNot(string kernel)
    {
        var dump = KernelDump.Of(device, typeof(DumpKernels).GetMethod(kernel)!, 8);
        Assert.Contains("load f32", dump.Function, StringComparison.Ordinal);
        Assert.DoesNotContain("prefetch", dump.Function, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"prefetch (?<prefetched>%\d+) \+ (?<distance>\d+)  ; varying\s+%\d+ = load f32 (?<loaded>%\d+)  ; varying")]
    private static partial Regex Matches();

    private void Check(string kernel, string expected)
    {
        var dump = KernelDump.Of(device, typeof(DumpKernels).GetMethod(kernel)!, 8);
        Assert.Equal(expected, dump.Function, ignoreLineEndingDifferences: true);
    }
}
