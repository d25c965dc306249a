// A BERT forward pass in ONNX Runtime, on request, so that another process can alternate with it:
//     onnxruntime-peer write SHAPE CHECKPOINT FILE    writes the model as ONNX Runtime's fused operators
//     onnxruntime-peer serve SHAPE FILE THREADS       loads it
// The second one writes "ready VERSION", then answers each line of its input with one line:
//     forward N the milliseconds of N forward passes
//     states    the last layer's states, float32, in Base64
//     memory    the process's peak working set in bytes
// and ends at the end of its input. SHAPE is one of those of side-by-side forward.
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Engine.Benchmarks.Peers;
using Engine.Benchmarks.SideBySide;
using Microsoft.ML.OnnxRuntime;

if (args.Length != 4 || args[0] is not ("write" or "serve") || StepShape.Inferred.FirstOrDefault(shape => shape.Name == args[1]) is not { } model)
{
    Console.Error.WriteLine("usage: onnxruntime-peer write SHAPE CHECKPOINT FILE, or serve SHAPE FILE THREADS");
    return 2;
}

if (args[0] == "write")
{
    BertGraph.Write(model, args[2], args[3]);
    return 0;
}

using var options = new SessionOptions
{
    IntraOpNumThreads = int.Parse(args[3], CultureInfo.InvariantCulture),
    InterOpNumThreads = 1,
    GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
};

// Its threads wait in a loop for work, as they do by default, but no longer than a pass lasts: the other side's turn comes next.
options.AddSessionConfigEntry("session.force_spinning_stop", "1");
using var session = new InferenceSession(args[2], options);
using var run = new RunOptions();
var batch = model.MakeBatch(seed: 1, ragged: false);
long[] dimensions = [model.Batch, model.Sequence];
using var ids = OrtValue.CreateTensorValueFromMemory(batch.Ids.ToArray(), dimensions);
using var segments = OrtValue.CreateTensorValueFromMemory(batch.Segments.ToArray(), dimensions);
using var mask = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(1, batch.TokenCount).ToArray(), dimensions);
var states = new float[batch.TokenCount * model.Hidden];
using var output = OrtValue.CreateTensorValueFromMemory(states, [model.Batch, model.Sequence, model.Hidden]);
Console.WriteLine($"ready {OrtEnv.Instance().GetVersionString()}");

while (Console.ReadLine() is { } command)
{
    var words = command.Split(' ');
    switch (words[0])
    {
        case "forward":
            var start = Stopwatch.GetTimestamp();
            for (var pass = int.Parse(words[1], CultureInfo.InvariantCulture); pass > 0; pass--)
                session.Run(run, BertGraph.Inputs, [ids, segments, mask], [BertGraph.Output], [output]);
            Console.WriteLine(Stopwatch.GetElapsedTime(start).TotalMilliseconds.ToString("F3", CultureInfo.InvariantCulture));
            break;
        case "states":
            Console.WriteLine(Convert.ToBase64String(MemoryMarshal.AsBytes<float>(states)));
            break;
        case "memory":
            Console.WriteLine(Process.GetCurrentProcess().PeakWorkingSet64.ToString(CultureInfo.InvariantCulture));
            break;
        default:
            Console.Error.WriteLine($"onnxruntime-peer: '{command}' is no command: expected forward, states or memory");
            return 2;
    }
}

return 0;
