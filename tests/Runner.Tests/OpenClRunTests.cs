using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Engine.Compute;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>
/// Training and prediction through the commands on devices that ILGPU compiles for, beside the vector CPU. Losses and probabilities agree within 1e-5: a
/// loss of some tenths, summed from float32 terms, errs by 1e-7, and three steps multiply that by some tens (PyTorch's own float32 errs by 9e-5 in ten).
/// </summary>
public sealed class OpenClRunTests : IDisposable
{
    private const double Allowed = 1e-5;

    /// <summary>Set where OpenCL was installed for the tests: skipping them is a failure there.</summary>
    private const string Required = "ENGINE_REQUIRE_OPENCL";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("opencl", "pooled")]
    [InlineData("ilgpu-cpu", "cls")]
    public void Three_steps_have_the_losses_of_the_vector_cpu(string device, string head)
    {
        RequireDevice(device);
        string train = _folder.Write("train.csv", SmallTask.Csv(10));
        double[] expected = Losses("cpu", head, train);
        double[] actual = Losses(device, head, train);
        Assert.Equal(6, expected.Length);
        Assert.NotEqual(expected[0], expected[4], Allowed * 10);
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(actual[i], expected[i] - Allowed, expected[i] + Allowed);

        // One model, predicted with on both.
        string model = _folder.File("cpu");
        string[] onProcessor = Predictions("cpu", model, train);
        string[] onDevice = Predictions(device, model, train);
        Assert.Equal(11, onProcessor.Length);
        Assert.Equal(onProcessor.Length, onDevice.Length);
        Assert.Equal(onProcessor[0], onDevice[0]);
        foreach (var (one, other) in onProcessor.Zip(onDevice).Skip(1))
        {
            string[] fields = one.Split(',');
            string[] others = other.Split(',');
            Assert.Equal(fields[..2], others[..2]);
            Assert.Equal(5, fields.Length);
            for (int i = 2; i < fields.Length; i++)
                Assert.Equal(double.Parse(fields[i], CultureInfo.InvariantCulture), double.Parse(others[i], CultureInfo.InvariantCulture), Allowed);
        }
    }

    /// <summary>
    /// Machines that merely run OpenCL have its loader as <c>libOpenCL.so.1</c>; <c>libOpenCL.so</c>, the name that ILGPU imports, comes with development
    /// packages. A process that finds a file of the second name which is no library is such a machine.
    /// </summary>
    [SkippableFact]
    public void OpenCl_is_found_where_only_the_numbered_loader_is()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the loader has these names on Linux only");
        RequireDevice("opencl");
        Assert.Contains("\nopencl:0 ", DevicesOf("libOpenCL.so"), StringComparison.Ordinal);

        // With neither of the names there is no OpenCL: such files do hide libraries.
        Assert.DoesNotContain("\nopencl:0 ", DevicesOf("libOpenCL.so", "libOpenCL.so.1"), StringComparison.Ordinal);
    }

    private static void RequireDevice(string device)
    {
        try
        {
            ComputeDevice.Open(device).Dispose();
        }
        catch (ComputeException exception) when (Environment.GetEnvironmentVariable(Required) != "1")
        {
            Skip.If(true, exception.Message);
        }
    }

    /// <summary>What a process of its own lists as devices when libraries of these names cannot be loaded.</summary>
    private string DevicesOf(params string[] hidden)
    {
        string folder = Directory.CreateDirectory(_folder.File($"hidden{hidden.Length}")).FullName;
        foreach (string name in hidden)
            File.WriteAllText(Path.Combine(folder, name), "no library");
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "engine.dll"));
        start.ArgumentList.Add("devices");
        start.Environment["LD_LIBRARY_PATH"] = folder;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    /// <summary>Three epochs of one step each: the losses of training and validation of every epoch.</summary>
    private double[] Losses(string device, string head, string train)
    {
        string model = _folder.File(device);
        CommandRun run = CommandRun.Of(
        [
            "train", "--train", train, "--out", model,
            .. SmallTask.Options("--device", device, "--head", head, "--epochs", "3", "--batch", "8", "--learning-rate", "0.001", "--dropout", "0.1"),
        ]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        using JsonDocument log = JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "training.json")));
        return [.. log.RootElement.GetProperty("history").EnumerateArray().SelectMany(epoch => new[] { epoch.GetProperty("loss").GetDouble(), epoch.GetProperty("val_loss").GetDouble() })];
    }

    private string[] Predictions(string device, string model, string input)
    {
        string output = _folder.File($"{device}.csv");
        CommandRun run = CommandRun.Of("predict", "--model", model, "--input", input, "--out", output, "--device", device, "--max-length", "16", "--all-probabilities");
        Assert.Equal((0, ""), (run.Code, run.Error));
        return File.ReadAllLines(output);
    }
}
