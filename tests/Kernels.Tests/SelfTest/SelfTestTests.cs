using Engine.Compute;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>The self-test launches every kernel, passes on right devices, and sees wrong ones.</summary>
[Collection(TestDevices.Collection)]
public sealed class SelfTestTests(TestDevices devices)
{
    public static TheoryData<string> Kernels => [.. KernelCatalog.All.Select(kernel => kernel.Name)];

    [Fact]
    public void EveryKernelIsLaunchedByACaseThatNamesIt()
    {
        using var device = ComputeDevice.Open("cpu");
        var named = new HashSet<string>();
        foreach (var test in SelfTest.AllCases(small: false))
        {
            var profile = device.StartProfile()!;
            var result = new SelfTest(device, NotExpected, [test]).Run().Single();
            device.StopProfile();
            named.UnionWith(test.Kernels);
            if (test.Obstacle(device) is { } obstacle)
            {
                // Vectors that this processor lacks.
                Assert.Equal((SelfTestVerdict.NotRun, obstacle), (result.Verdict, result.Reason));
                Assert.Contains("needs warps of", obstacle, StringComparison.Ordinal);
                continue;
            }

            Assert.True(result.Verdict == SelfTestVerdict.Right, $"{test.Operation}: {result.Detail}");
            var launched = profile.Kernels.Select(kernel => kernel.Kernel).ToList();
            Assert.All(test.Kernels, kernel => Assert.Contains(kernel, launched));
        }

        Assert.Equal(KernelCatalog.All.Select(kernel => kernel.Name), named.Order(StringComparer.Ordinal));
    }

    [SkippableTheory]
    [InlineData("ilgpu-cpu")]
    [InlineData("cuda")]
    public void OtherDevicesAreRightOrSayWhatTheyLack(string name)
    {
        var device = devices.Get(name);
        var results = new SelfTest(device, NotExpected).Run().ToList();
        Assert.All(results, result => Assert.True(result.Verdict is SelfTestVerdict.Right or SelfTestVerdict.NotRun, $"{result.Operation}: {result.Detail}"));
        Assert.All(results.Where(result => result.Verdict == SelfTestVerdict.NotRun), result => Assert.StartsWith("needs ", result.Reason, StringComparison.Ordinal));

        // What the device would choose itself is never left out.
        var needed = SelfTest.AllCases(SelfTest.IsSlow(device)).Where(test => test.IsNeeded(device)).Select(test => test.Operation);
        Assert.All(needed, operation => Assert.Equal(SelfTestVerdict.Right, results.Single(result => result.Operation == operation).Verdict));
    }

    [SkippableTheory]
    [MemberData(nameof(Kernels))]
    public void AMiscompiledKernelIsSeen(string kernel)
    {
        var compiler = new WrongStores(kernel);
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Compiler = compiler, Threads = 2 });
        var cases = SelfTest.AllCases(small: true).Where(test => test.Kernels.Contains(kernel) && test.Obstacle(device) is null).ToList();
        Skip.If(cases.Count == 0, "the processor's vectors are too short for this kernel");
        Assert.All(new SelfTest(device, NotExpected, cases).Run(), result => Assert.Equal(SelfTestVerdict.Wrong, result.Verdict));
        Assert.True(compiler.Changes > 0);
    }

    [Fact]
    public void OneWrongElementIsNamed()
    {
        var mismatch = Assert.Throws<KernelMismatchException>(
            () => new Comparison { Size = "2x3" }.Near([0, 1, 2, 3, 4, 5], [0, 1, 2, 3.5f, 4, float.NaN], 0, 0.25, "dx")).Mismatch;
        Assert.Equal(("2x3", "dx[3]", 3.5, 3.0, 0.25, 2, 6), (mismatch.Size, mismatch.Element, mismatch.Got, mismatch.Expected, mismatch.Allowed, mismatch.Wrong, mismatch.Elements));
        Assert.Equal("2x3: dx[3] is 3.5, expected 3", mismatch.Short);
    }

    [Fact]
    public void AWriteBehindAResultIsSeen()
    {
        using var device = ComputeDevice.Open("cpu");
        var test = new SelfTestCase("too far", "8", ["ZeroFill.FillKernel"], (on, comparison) =>
        {
            comparison.Size = "8";
            using var buffers = new DeviceBuffers(on);
            var view = buffers.Of(new float[8]);
            new Activation(on).TanhForward(buffers.Of(new float[64]), view, 9);
            buffers.Read(view);
        });
        var result = new SelfTest(device, NotExpected, [test]).Run().Single();
        Assert.Equal(SelfTestVerdict.Wrong, result.Verdict);
        Assert.Contains("8: element 8, behind the end of a result of 8", result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, SelfTestVerdict.Failed)]
    [InlineData(false, SelfTestVerdict.NotRun)]
    public void AnErrorOfTheDeviceIsNoResultAndTheRestRunsOnAFreshOne(bool needed, SelfTestVerdict expected)
    {
        using var device = ComputeDevice.Open("cpu");
        var used = new List<ComputeDevice>();
        SelfTestCase[] cases =
        [
            new("breaks", "1", [], (_, _) => throw new InvalidOperationException("driver\nsays no")) { IsNeeded = _ => needed },
            new("follows", "1", [], (on, _) => used.Add(on)),
            new("follows too", "1", [], (on, _) => used.Add(on)),
        ];
        var results = new SelfTest(device, () => ComputeDevice.Open("cpu"), cases).Run().ToList();
        Assert.Equal([expected, SelfTestVerdict.Right, SelfTestVerdict.Right], results.Select(result => result.Verdict));
        Assert.Equal("driver says no", results[0].Reason);
        Assert.NotSame(device, used[0]);
        Assert.Same(used[0], used[1]);
        Assert.True(used[0].Accelerator.IsDisposed);
        Assert.False(device.Accelerator.IsDisposed);
    }

    private static ComputeDevice NotExpected() => throw new InvalidOperationException("the device had an error");
}
