using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Engine.Benchmarks.SideBySide.Epoch;

namespace Engine.Benchmarks.SideBySide;

/// <summary>A program of <c>benchmarks/Peers</c> as a child process that works on request.</summary>
internal sealed class PeerProcess : IDisposable
{
    private readonly Process process;

    private PeerProcess(Process process, string library, string version)
    {
        this.process = process;
        Name = $"{library} {version}";
    }

    /// <summary>Gets the name and version of the library.</summary>
    public string Name { get; }

    /// <summary>Builds the TorchSharp peer where needed and starts it, with random weights.</summary>
    /// <param name="shape">The model and the batch.</param>
    /// <param name="threads">Threads that it may use.</param>
    /// <returns>The peer, ready.</returns>
    /// <exception cref="PeerException">It cannot be started.</exception>
    public static PeerProcess StartTorchSharp(StepShape shape, int threads) => Start(
        "TorchSharp",
        "TorchSharp, libtorch",
        [.. new[] { shape.Layers, shape.Hidden, shape.Heads, shape.Batch, shape.Sequence, threads }.Select(Text)]);

    /// <summary>Builds the TorchSharp peer where needed and starts it for padded batches, with weights of ours.</summary>
    /// <param name="weights">A safetensors file of float32 with Hugging Face's names, which has been read when this returns.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="threads">Threads that it may use.</param>
    /// <returns>The peer, ready.</returns>
    /// <exception cref="PeerException">It cannot be started.</exception>
    public static PeerProcess StartTorchSharp(string weights, int heads, int threads) => Start("TorchSharp", "TorchSharp, libtorch", [weights, Text(heads), Text(threads)]);

    /// <summary>Builds the ONNX Runtime peer where needed and starts it, with the weights of a checkpoint.</summary>
    /// <param name="shape">The model and the batch.</param>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="threads">Threads that it may use.</param>
    /// <returns>The peer, ready.</returns>
    /// <exception cref="PeerException">It cannot be started.</exception>
    public static PeerProcess StartOnnxRuntime(StepShape shape, string folder, int threads) =>
        Start("OnnxRuntime", "ONNX Runtime", [shape.Name, folder, Text(threads)]);

    /// <summary>Runs a training step.</summary>
    public void Step() => Ask("step");

    /// <summary>Runs forward passes.</summary>
    /// <param name="passes">How many.</param>
    public void Forward(int passes) => Ask($"forward {passes}");

    /// <summary>Hands over a batch to train on.</summary>
    /// <param name="batch">The batch.</param>
    public void Add(PaddedBatch batch) => Ask($"batch {string.Join(',', batch.Ids)} {string.Join(',', batch.Mask)} {string.Join(',', batch.Labels)}");

    /// <summary>Runs a training step on each of the first batches.</summary>
    /// <param name="batches">How many.</param>
    public void Train(int batches) => Ask($"train {batches}");

    /// <summary>Runs a batch forward and backward without dropout and changes nothing.</summary>
    /// <param name="batch">The batch's number, from 0.</param>
    /// <returns>The loss of each row, and the norm of the gradients of their mean.</returns>
    public (float[] Losses, double GradientNorm) Check(int batch)
    {
        var answer = Ask($"check {batch}").Split(' ');
        return (MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(answer[1])).ToArray(), double.Parse(answer[0], CultureInfo.InvariantCulture));
    }

    /// <summary>Returns the last layer's states of the batch of <see cref="StepShape.MakeBatch"/>; only ONNX Runtime's peer has our weights.</summary>
    /// <returns>States [tokens, hidden].</returns>
    public float[] States() => MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(Ask("states"))).ToArray();

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

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static PeerProcess Start(string folder, string library, string[] arguments)
    {
        var script = Path.Combine(SourceFolder(), "..", "Peers", folder, "run.sh");
        if (!File.Exists(script))
            throw new PeerException($"{Path.GetFullPath(script)}: is missing, expected the peer's script beside the sources; run from the repository, or with --no-peer");

        var start = new ProcessStartInfo("bash") { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(script);

        // The peer runs under the same .NET as this program.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.Environment["DOTNET_HOST_PATH"] = Environment.ProcessPath;
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var process = Process.Start(start) ?? throw new PeerException("bash cannot be started, which the peer's script needs; install it, or run with --no-peer");
        var line = process.StandardOutput.ReadLine();
        if (line is null || !line.StartsWith("ready ", StringComparison.Ordinal))
        {
            process.Dispose();
            throw new PeerException($"the {folder} peer did not start (its messages stand above); run benchmarks/Peers/{folder}/run.sh by itself, or this with --no-peer");
        }

        return new PeerProcess(process, library, line["ready ".Length..]);
    }

    private string Ask(string question)
    {
        process.StandardInput.WriteLine(question);
        process.StandardInput.Flush();
        return process.StandardOutput.ReadLine() ?? throw new PeerException($"the peer {Name} ended while it was asked for '{question.Split(' ')[0]}'");
    }
}
