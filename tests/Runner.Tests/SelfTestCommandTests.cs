using Engine.Compute;
using Engine.Kernels.Tests;
using Engine.Runner.Commands;
using Xunit;

namespace Engine.Runner.Tests;

public sealed class SelfTestCommandTests
{
    [Fact]
    public void A_right_device_has_a_row_for_every_operation_and_exit_code_0()
    {
        CommandRun run = CommandRun.Of("devices", "--self-test", "--device", "cpu", "--only", "softmax");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("kernels in 5 operations", run.Output, StringComparison.Ordinal);
        foreach (string operation in new[] { "softmax forward", "softmax backward", "largest of softmax", "softmax cross-entropy forward", "softmax cross-entropy backward" })
            Assert.Matches($@"{operation} .*\d x?.* \d\.\dE-\d\d .* % .* s right", run.Output);
        Assert.Contains("5 of 5 operations right, 0 wrong, 0 not run", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_miscompiled_kernel_gives_exit_code_1_and_is_named()
    {
        using StringWriter output = new();
        Terminal terminal = new(output, TextWriter.Null, () => Stream.Null, isInteractive: false, width: 120);
        DevicesCommand command = new(() => ComputeDevice.Open("cpu", new ComputeDeviceOptions { Compiler = new WrongStores("Softmax.BackwardKernel"), Threads = 2 }));
        int code = command.Make(terminal, default).Parse(["--self-test", "--only", "softmax"]).Invoke();
        Assert.Equal(1, code);
        Assert.Matches(@"softmax backward .* WRONG: 1x5: dx\[0\] is \S+, expected \S+", output.ToString());
        Assert.Matches(@"WRONG: softmax backward: 1x5: dx\[0\] .* allowed .* 5 of 5 elements are wrong; kernels: Softmax\.BackwardKernel", output.ToString());
        Assert.Matches("softmax forward .* right", output.ToString());
        Assert.Contains("4 of 5 operations right, 1 wrong, 0 not run", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_device_cannot_run_is_not_counted_as_right()
    {
        CommandRun run = CommandRun.Of("devices", "--self-test", "--device", "ilgpu-cpu", "--only", "attention forward");
        Assert.Equal(0, run.Code);
        Assert.Contains("not run: needs groups of 64 threads, the device has 16 at most", run.Output, StringComparison.Ordinal);
        Assert.Contains("3 of 7 operations right, 0 wrong, 4 not run", run.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void OpenCL_runs_what_it_can()
    {
        CommandRun run = CommandRun.Of("devices", "--self-test", "--device", "opencl", "--only", "first rows");
        bool required = (Environment.GetEnvironmentVariable("ENGINE_REQUIRED_DEVICES") ?? "").Split(',').Contains("opencl");
        Skip.If(run.Code == CommandLine.BadInput && !required, run.Error);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("2 of 2 operations right, 0 wrong, 0 not run", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_fits_a_terminal()
    {
        CommandRun run = CommandRun.InTerminal("devices", "--self-test", "--device", "ilgpu-cpu", "--only", "attention");
        Assert.Equal(0, run.Code);
        Assert.All(run.Output.Split('\n'), line => Assert.True(line[(line.LastIndexOf('\r') + 1)..].TrimEnd().Length <= 120, line));
    }

    [Fact]
    public void Bad_input_is_one_line()
    {
        CommandRun.Of("devices", "--device", "cpu").AssertBadInput("--device is an option of the self-test", "add --self-test");
        CommandRun.Of("devices", "--only", "gemm").AssertBadInput("--only is an option of the self-test");
        CommandRun.Of("devices", "--self-test", "--device", "abacus").AssertBadInput("abacus");
        CommandRun.Of("devices", "--self-test", "--device", "cpu", "--only", "abacus").AssertBadInput("--only abacus", "dump-kernel");
    }

    [Fact]
    public void Help_says_what_it_is_for()
    {
        CommandRun run = CommandRun.Of("devices", "--help");
        Assert.Contains("drivers can be silently wrong", run.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("engine devices --self-test --device opencl:0", run.Output, StringComparison.Ordinal);
    }
}
