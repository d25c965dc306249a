using System.Reflection;
using Engine.Compute.Vector;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>The oracle sees miscompilations: each planted one changes the bits of a kernel that are right without it.</summary>
public sealed class PlantedFaultTests : IClassFixture<OracleTests.DeviceCache>
{
    private readonly OracleTests.DeviceCache devices;

    public PlantedFaultTests(OracleTests.DeviceCache devices) => this.devices = devices;

    public static TheoryData<string> Names() => [.. PlantedFault.All.Select(fault => fault.Name)];

    [Fact]
    public void FaultsArePlantedInTheRepresentationAndInEmittedCode()
    {
        var names = PlantedFault.All.ToLookup(fault => fault.InEmittedCode is not null, fault => fault.Name);
        Assert.Equal(names.Sum(group => group.Distinct().Count()), PlantedFault.All.Count);
        Assert.True(names[false].Count() >= 20);
        Assert.True(names[true].Count() >= 8);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheOracleSeesIt(string name)
    {
        var fault = PlantedFault.All.Single(planted => planted.Name == name);
        foreach (var bits in new[] { 128, 256, 512 }.Where(bits => bits <= VectorWidth.Widest))
        {
            var (changes, wrong) = WrongKernels(fault, bits);
            Assert.True(changes > 0, $"{bits} bits: nothing was there to be changed");
            Assert.Equal(fault.Kernels, wrong);
            Assert.Empty(WrongKernels(new PlantedFault("none", _ => 0, fault.Kernels), bits).Kernels);
        }
    }

    /// <summary>Kernels whose results, in any of their cases, are not the oracle's.</summary>
    private (int Changes, List<string> Kernels) WrongKernels(PlantedFault fault, int bits)
    {
        var compiler = new FaultyCompiler(fault);
        using var context = DeviceContexts.Processor();
        using var accelerator = new VectorDevice(compiler, threads: 2, bits, contraction: false).CreateAccelerator(context);
        var wrong = fault.Kernels.Where(kernel => IsWrong(OracleTests.Find(kernel), accelerator, bits / 32)).ToList();
        return (compiler.Changes, wrong);
    }

    private bool IsWrong(MethodInfo kernel, Accelerator accelerator, int warp)
    {
        foreach (var launch in kernel.GetCustomAttributes<OracleCaseAttribute>().Where(launch => !launch.WarpGroup || launch.GroupSize % warp == 0))
        {
            var expected = OracleLaunch.Run(devices.Oracle(warp), kernel, launch.Config, launch.N);
            var actual = OracleLaunch.Run(accelerator, kernel, launch.Config, launch.N);
            if (!expected.X.SequenceEqual(actual.X) || !expected.Y.SequenceEqual(actual.Y))
            {
                return true;
            }
        }

        return false;
    }
}
