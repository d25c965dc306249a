using System.Diagnostics;
using Engine.CompilerPage;
using Xunit;

namespace Engine.Compute.Tests.Compiler;

/// <summary><c>docs/compiler.md</c> shows what the compiler makes, on every machine.</summary>
public sealed class CompilerPageTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Page.FindRoot(), Page.File));

    [Fact]
    public void ThePageShowsWhatTheCompilerMakes()
    {
        var difference = Page.FirstDifference(Text, Page.Renew(Text));
        Assert.True(difference is null, $"{Page.File} shows what the compiler no longer makes: {difference}; run \"{Page.Command}\" to renew the page");
    }

    [Theory]
    [InlineData("sum += x[row * width + c + lane];")]
    [InlineData("groupIdx_")]
    [InlineData("= argument i64  24")]
    [InlineData("; strided 4")]
    [InlineData("call Avx.MaskLoad")]
    [InlineData("call Avx2.GatherVector256")]
    public void WhatIsNotMadeIsSeenInEveryStage(string shown)
    {
        Assert.Contains(shown, Text, StringComparison.Ordinal);
        var stale = Text.Replace(shown, $"?{shown}", StringComparison.Ordinal);
        Assert.NotEqual(Text, stale);
        Assert.NotNull(Page.FirstDifference(stale, Page.Renew(stale)));
        Assert.Equal(Page.Renew(Text), Page.Renew(stale));
    }

    // A processor without 256-bit vectors: the JIT is told to do without, in a process of its own.
    [Fact]
    public async Task ThePageIsTheSameOnAProcessorWithoutItsVectors()
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Engine.CompilerPage.dll"), "--check"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_EnableAVX"] = "0";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
        Assert.Contains("shows what the compiler makes", await output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<!-- show MeanPole ir -->\n```text\n```", "line 1: expected a kernel")]
    [InlineData("<!-- show MeanPool ptx -->\n```text\n```", "csharp, source, imported, ir, il")]
    [InlineData("\n<!-- show MeanPool ir b2 b99 -->\n```text\n```", "line 2: MeanPool has no b99")]
    [InlineData("<!-- show MeanPool ir %1..%999 -->\n```text\n```", "has no %999")]
    [InlineData("<!-- show MeanPool ir -->\n\n```text\n```", "expected a block")]
    [InlineData("<!-- show MeanPool ir -->\n```text\n", "expected a block")]
    public void AMarkerThatCannotBeServedIsAnError(string page, string reason)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Page.Renew(page));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PartsAreCutOut()
    {
        var lines = Page.Renew("<!-- show MeanPool ir b4 %40..b6 b8 -->\n```text\nold\n```\nend").Split('\n');
        Assert.Equal(["<!-- show MeanPool ir b4 %40..b6 b8 -->", "```text", "...", "b4: ; from b3, b5"], lines[..4]);
        var second = Array.IndexOf(lines, "...", 3);
        Assert.StartsWith("  branch", lines[second - 1], StringComparison.Ordinal);
        Assert.StartsWith("  %40 = ", lines[second + 1], StringComparison.Ordinal);
        var third = Array.IndexOf(lines, "...", second + 1);
        Assert.Equal("  jump b7", lines[third - 1]);
        Assert.Equal(["b8: ; from b1", "  return", "```", "end"], lines[(third + 1)..]);
    }
}
