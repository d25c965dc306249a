using Xunit;

namespace Engine.Runner.Tests;

public sealed class DumpKernelCommandTests
{
    [Fact]
    public void Every_stage_of_a_kernel_is_shown()
    {
        CommandRun run = CommandRun.Of("dump-kernel", "LayerNorm.Forward", "--device", "cpu", "--vector-bits", "128");
        Assert.Equal(0, run.Code);
        Assert.Contains("---- LayerNorm.ForwardKernel: ILGPU's IR", run.Output, StringComparison.Ordinal);
        Assert.Contains("---- LayerNorm.ForwardKernel: our IR as imported", run.Output, StringComparison.Ordinal);
        Assert.Contains("; strided 4", run.Output, StringComparison.Ordinal);
        Assert.Contains("call Vector128.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_name_all_kernels_are_listed()
    {
        CommandRun run = CommandRun.Of("dump-kernel");
        Assert.Equal(0, run.Code);
        Assert.Contains("Adam.Kernel", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_input_is_one_line()
    {
        CommandRun.Of("dump-kernel", "NoSuchKernel").AssertBadInput("NoSuchKernel", "engine dump-kernel lists");
        CommandRun.Of("dump-kernel", "Adam", "--stage", "ptx").AssertBadInput("--stage ptx", "source, imported, ir, il");
        CommandRun.Of("dump-kernel", "Adam", "--device", "ilgpu-cpu").AssertBadInput("no vector code", "'cpu'");
        CommandRun.Of("dump-kernel", "Adam", "--vector-bits", "100").AssertBadInput("100", "512, 256 or 128");
    }
}
