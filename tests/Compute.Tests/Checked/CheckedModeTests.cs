using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Xunit;

namespace Engine.Compute.Tests.Checked;

/// <summary>Checked mode finds every planted fault where it is, and nothing in kernels that only look like it; in every order of threads.</summary>
public sealed class CheckedModeTests
{
    private const int Length = 16;
    private const int GroupSize = 8;

    /// <summary>Kernel, what is found, threads of its group, index, length.</summary>
    public static TheoryData<string, KernelFaultKind, int, int?, int?> Faults => new()
    {
        { nameof(FaultyKernels.ReadsBehindTheView), KernelFaultKind.OutOfRange, 1, 16, 16 },
        { nameof(FaultyKernels.ReadsBehindTheViewAgainAndAgain), KernelFaultKind.OutOfRange, 8, 16, 16 },
        { nameof(FaultyKernels.WritesBeforeTheView), KernelFaultKind.OutOfRange, 1, -1, 16 },
        { nameof(FaultyKernels.ReadsBehindASubView), KernelFaultKind.OutOfRange, 1, 15, 15 },
        { nameof(FaultyKernels.ReadsBehindARow), KernelFaultKind.OutOfRange, 1, 4, 4 },
        { nameof(FaultyKernels.WritesBehindALocalArray), KernelFaultKind.OutOfRange, 1, 4, 4 },
        { nameof(FaultyKernels.ReadsBeforeALocalArray), KernelFaultKind.OutOfRange, 1, -1, 4 },
        { nameof(FaultyKernels.WritesBehindASharedArray), KernelFaultKind.OutOfRange, 1, 8, 8 },
        { nameof(FaultyKernels.ReadsAnUnwrittenBuffer), KernelFaultKind.Unwritten, 1, 15, 16 },
        { nameof(FaultyKernels.ReadsUnwrittenSharedMemory), KernelFaultKind.Unwritten, 1, 8, 16 },
        { nameof(FaultyKernels.ReadsUnwrittenLocalMemory), KernelFaultKind.Unwritten, 1, 1, 4 },
        { nameof(FaultyKernels.RacesInAGroup), KernelFaultKind.RaceInGroup, 4, null, 8 },
        { nameof(FaultyKernels.RacesBetweenGroups), KernelFaultKind.RaceBetweenGroups, 8, null, 16 },
        { nameof(FaultyKernels.WritesWhatAnotherGroupReads), KernelFaultKind.RaceBetweenGroups, 8, null, 16 },
        { nameof(FaultyKernels.AddsWithoutAtomics), KernelFaultKind.RaceInGroup, 1, 0, 16 },
        { nameof(FaultyKernels.HalfTheGroupMeets), KernelFaultKind.DivergentBarrier, 4, null, null },
        { nameof(FaultyKernels.StoresAQuotientByZero), KernelFaultKind.DivisionByZero, 8, null, null },
        { nameof(FaultyKernels.BranchesOnARemainderByZero), KernelFaultKind.DivisionByZero, 1, null, null },
        { nameof(FaultyKernels.SumsUpWithoutAFence), KernelFaultKind.RaceBetweenGroups, 1, 0, 16 },
        { nameof(FaultyKernels.Asserts), KernelFaultKind.FailedAssertion, 1, null, null },
    };

    public static TheoryData<string, ThreadOrder> Sound
    {
        get
        {
            var data = new TheoryData<string, ThreadOrder>();
            foreach (var kernel in typeof(SoundKernels).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
            {
                foreach (var order in Enum.GetValues<ThreadOrder>())
                {
                    data.Add(kernel.Name, order);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void APlantedFaultIsReportedWhereItIs(string kernel, KernelFaultKind kind, int threads, int? index, int? length)
    {
        using var device = Open();
        var fault = Assert.Single(Run(device, typeof(FaultyKernels), kernel).Faults);
        Assert.Equal(kind, fault.Kind);
        Assert.Equal($"{nameof(FaultyKernels)}.{kernel}", fault.Kernel);
        Assert.Equal(threads, fault.ThreadCount);
        Assert.All(fault.Threads, thread => Assert.InRange(thread.X, 0, GroupSize - 1));
        Assert.Equal(length, fault.Length);
        if (index is not null)
        {
            Assert.Equal(index, fault.Index);
        }

        Assert.Equal($"{nameof(FaultyKernels)}.cs:{LineOfFault(kernel)}", fault.Source);
        Assert.Contains(fault.Kernel, fault.ToString(), StringComparison.Ordinal);
        Assert.Contains(fault.Source, fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Sound))]
    public void ASoundKernelThatLooksLikeItIsNot(string kernel, ThreadOrder order)
    {
        using var device = Open(order);
        Run(device, typeof(SoundKernels), kernel, isSound: true);
    }

    [Fact]
    public void ThreadsComeInTheOrderThatIsAskedFor()
    {
        static int[] Order(ThreadOrder order, int seed = 7)
        {
            using var device = Open(order, seed);
            using var x = device.Accelerator.Allocate1D(new int[Length]);
            using var y = device.Accelerator.Allocate1D(new int[1]);
            Load(device.Accelerator, typeof(SoundKernels).GetMethod(nameof(SoundKernels.ComesNext))!)((Length / GroupSize, GroupSize), x.View, y.View, y.View, Length, 0);
            return x.GetAsArray1D();
        }

        var inOrder = Enumerable.Range(0, Length).ToArray();
        Assert.Equal(inOrder, Order(ThreadOrder.Normal));
        Assert.Equal(inOrder.Reverse(), Order(ThreadOrder.Reversed));
        var seeded = Order(ThreadOrder.Seeded);
        Assert.Equal(inOrder, seeded.Order());
        Assert.NotEqual(inOrder, seeded);
        Assert.Equal(seeded, Order(ThreadOrder.Seeded));
        Assert.NotEqual(seeded, Order(ThreadOrder.Seeded, 8));
    }

    [Fact]
    public void AnAddressOutsideOfAllBuffersIsNotFollowed()
    {
        using var device = Open();
        var fault = Assert.Single(Run(device, typeof(FaultyKernels), nameof(FaultyKernels.FollowsASubViewOutOfItsBuffer)).Faults);
        Assert.Equal(KernelFaultKind.OutOfRange, fault.Kind);
        Assert.Equal([(7, 0, 0)], fault.Threads);
        Assert.Equal((1, 0, 0), fault.Group);
    }

    [Fact]
    public void AMissingBarrierIsFoundAsDivergenceAndAsRace()
    {
        using var device = Open();
        var faults = Run(device, typeof(FaultyKernels), nameof(FaultyKernels.ReadsWhatAnotherThreadWritesWithNoBarrier)).Faults;
        Assert.Contains(faults, fault => fault.Kind == KernelFaultKind.DivergentBarrier && fault.Group == (1, 0, 0));
        Assert.Contains(faults, fault => fault.Kind == KernelFaultKind.RaceInGroup && fault.Group == (1, 0, 0) && fault.Index == 0);
    }

    [Fact]
    public void ThreadsThatWaitAtTwoPlacesAreNamedAtBoth()
    {
        using var device = Open();
        var faults = Run(device, typeof(FaultyKernels), nameof(FaultyKernels.MeetsAtTwoPlaces)).Faults;
        Assert.Equal(2, faults.Count);
        Assert.All(faults, fault => Assert.Equal((KernelFaultKind.DivergentBarrier, 4), (fault.Kind, fault.ThreadCount)));
        Assert.NotEqual(faults[0].Source, faults[1].Source);
    }

    [Fact]
    public void AFaultIsThrownOnceAndTheDeviceGoesOn()
    {
        using var device = Open();
        Run(device, typeof(FaultyKernels), nameof(FaultyKernels.ReadsBehindTheView));
        device.Synchronize();
        device.Accelerator.Synchronize();
        Run(device, typeof(SoundKernels), nameof(SoundKernels.AllReadOneElement), isSound: true);
    }

    [Fact]
    public void WhatTheHostWritesIsWritten()
    {
        using var device = Open();
        using var source = device.Accelerator.Allocate1D<int>(Length);
        using var target = device.Accelerator.Allocate1D<int>(Length);
        var copy = device.Accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(Copy);
        void Launch()
        {
            copy((2, GroupSize), source.View, target.View);
            device.Synchronize();
        }

        Assert.Equal(16, Assert.Single(Assert.Throws<KernelFaultException>(Launch).Faults).Length);
        source.View.SubView(0, 8).CopyFromCPU(new int[8]);
        var half = Assert.Single(Assert.Throws<KernelFaultException>(Launch).Faults);
        Assert.Equal(((1, 0, 0), 8), (half.Group, half.Index));
        source.MemSetToZero();
        Launch();
        using var third = device.Accelerator.Allocate1D<int>(Length);
        third.View.CopyFrom(source.View);
        copy((2, GroupSize), third.View, target.View);
        device.Synchronize();
    }

    [Fact]
    public void CheckedModeNeedsAContextWithAssertions()
    {
        using var context = Context.Create(builder => builder.CPU());
        var exception = Assert.Throws<ComputeException>(() => context.CreateVectorCpuAccelerator(new() { Checked = true }));
        Assert.Contains("Assertions()", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AContextOfOnesOwnNamesLinesToo()
    {
        using var context = Context.Create(builder => builder.CPU().Assertions());
        using var accelerator = context.CreateVectorCpuAccelerator(new() { Checked = true });
        using var x = accelerator.Allocate1D(new int[Length]);
        using var y = accelerator.Allocate1D(new int[Length]);
        Load(accelerator, typeof(FaultyKernels).GetMethod(nameof(FaultyKernels.ReadsBehindTheView))!)((2, GroupSize), x.View, y.View, y.View, Length, 0);
        var fault = Assert.Single(Assert.Throws<KernelFaultException>(accelerator.Synchronize).Faults);
        Assert.Equal($"{nameof(FaultyKernels)}.cs:{LineOfFault(nameof(FaultyKernels.ReadsBehindTheView))}", fault.Source);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    public void OutsideOfCheckedModeAnAssertionEndsTheLaunch(int bits)
    {
        using var context = Context.Create(builder => builder.CPU().Assertions());
        using var accelerator = context.CreateVectorCpuAccelerator(new() { VectorBits = bits, Threads = 2 });
        using var x = accelerator.Allocate1D(new int[Length]);
        using var y = accelerator.Allocate1D(new int[Length]);
        void Launch(string kernel) => Load(accelerator, typeof(FaultyKernels).GetMethod(kernel)!)((2, GroupSize), x.View, y.View, y.View, Length, 0);
        Assert.Contains("five is not allowed", Assert.Throws<ComputeException>(() => Launch(nameof(FaultyKernels.Asserts))).Message, StringComparison.Ordinal);
        Assert.Contains("Index out of range", Assert.Throws<ComputeException>(() => Launch(nameof(FaultyKernels.ReadsBehindTheView))).Message, StringComparison.Ordinal);
        Launch(nameof(FaultyKernels.RacesInAGroup));
    }

    private static void Copy(ArrayView<int> source, ArrayView<int> target) => target[Grid.GlobalIndex.X] = source[Grid.GlobalIndex.X];

    private static ComputeDevice Open(ThreadOrder order = ThreadOrder.Normal, int seed = 7) =>
        ComputeDevice.Open("cpu", new() { Checked = true, VectorBits = 128, ThreadOrder = order, ThreadOrderSeed = seed });

    private static KernelFaultException Run(ComputeDevice device, Type kernels, string kernel, bool isSound = false)
    {
        var accelerator = device.Accelerator;
        using var x = accelerator.Allocate1D(Enumerable.Range(1, Length).ToArray());
        using var y = accelerator.Allocate1D(new int[Length]);
        using var unwritten = accelerator.Allocate1D<int>(Length);
        Load(accelerator, kernels.GetMethod(kernel)!)((Length / GroupSize, GroupSize), x.View, y.View, unwritten.View, Length, 0);
        if (isSound)
        {
            device.Synchronize();
            return null!;
        }

        return Assert.Throws<KernelFaultException>(device.Synchronize);
    }

    private static Action<KernelConfig, ArrayView<int>, ArrayView<int>, ArrayView<int>, int, int> Load(Accelerator accelerator, MethodInfo kernel) =>
        accelerator.LoadStreamKernel(kernel.CreateDelegate<Action<ArrayView<int>, ArrayView<int>, ArrayView<int>, int, int>>());

    /// <summary>Number of the line in a kernel's source that ends in the comment.</summary>
    private static int LineOfFault(string kernel, [CallerFilePath] string here = "")
    {
        var lines = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(here)!, $"{nameof(FaultyKernels)}.cs"));
        var start = Array.FindIndex(lines, line => line.Contains($" {kernel}(", StringComparison.Ordinal));
        return Array.FindIndex(lines, start, line => line.EndsWith("// fault", StringComparison.Ordinal)) + 1;
    }
}
