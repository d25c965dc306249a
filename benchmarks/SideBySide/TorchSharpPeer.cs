using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Engine.Benchmarks.SideBySide;

/// <summary>The TorchSharp program of <c>benchmarks/Peers/TorchSharp</c> as a child process that works on request.</summary>
internal sealed class TorchSharpPeer : IDisposable
{
    private readonly Process process;

    private TorchSharpPeer(Process process, string version)
    {
        this.process = process;
        Version = version;
    }

    /// <summary>Gets the version of libtorch.</summary>
    public string Version { get; }

    /// <summary>Builds the peer where needed and starts it.</summary>
    /// <param name="shape">The model and the batch.</param>
    /// <param name="threads">Threads that it may use.</param>
    /// <returns>The peer, ready.</returns>
    /// <exception cref="PeerException">It cannot be started.</exception>
    public static TorchSharpPeer Start(StepShape shape, int threads)
    {
        var script = Path.Combine(SourceFolder(), "..", "Peers", "TorchSharp", "run.sh");
        if (!File.Exists(script))
            throw new PeerException($"{Path.GetFullPath(script)}: is missing, expected the peer's script beside the sources; run from the repository, or with --no-peer");

        var start = new ProcessStartInfo("bash") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(script);
        foreach (var number in new[] { shape.Layers, shape.Hidden, shape.Heads, shape.Batch, shape.Sequence, threads })
            start.ArgumentList.Add(number.ToString(CultureInfo.InvariantCulture));
        var process = Process.Start(start) ?? throw new PeerException("bash cannot be started, which the TorchSharp peer's script needs; install it, or run with --no-peer");
        var line = process.StandardOutput.ReadLine();
        if (line is null || !line.StartsWith("ready ", StringComparison.Ordinal))
        {
            process.Dispose();
            throw new PeerException("the TorchSharp peer did not start (its messages stand above); run benchmarks/Peers/TorchSharp/run.sh by itself, or this with --no-peer");
        }

        return new TorchSharpPeer(process, line["ready ".Length..]);
    }

    /// <summary>Runs a training step.</summary>
    public void Step() => Ask("step");

    /// <summary>Runs a forward pass.</summary>
    public void Forward() => Ask("forward");

    /// <summary>Returns the process's peak working set.</summary>
    /// <returns>Bytes.</returns>
    public long PeakMemory() => long.Parse(Ask("memory"), CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private string Ask(string question)
    {
        process.StandardInput.WriteLine(question);
        process.StandardInput.Flush();
        return process.StandardOutput.ReadLine() ?? throw new PeerException($"the TorchSharp peer ended while it was asked for a {question}");
    }
}
