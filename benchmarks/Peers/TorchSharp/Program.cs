// BERT's training in TorchSharp, on request, so that another process can alternate with it:
//     torchsharp-peer LAYERS HIDDEN HEADS BATCH SEQUENCE THREADS     random weights, one batch of sequences of one length: see StepPeer
//     torchsharp-peer FILE HEADS THREADS                             the weights of a safetensors file, many padded batches: see EpochPeer
// Writes "ready VERSION", then answers each line of its input with one line, and ends at the end of its input.
using System.Diagnostics;
using System.Globalization;
using Engine.Benchmarks.Peers;
using static TorchSharp.torch;

if (args.Length is not (3 or 6))
{
    Console.Error.WriteLine("usage: torchsharp-peer LAYERS HIDDEN HEADS BATCH SEQUENCE THREADS, or torchsharp-peer FILE HEADS THREADS");
    return 2;
}

var numbers = args[(args.Length == 3 ? 1 : 0)..].Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
set_num_threads(numbers[^1]);
manual_seed(1);
Func<string[], string?> answer = args.Length == 3
    ? new EpochPeer(args[0], numbers[0]).Answer
    : new StepPeer(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]).Answer;
Console.WriteLine($"ready {__version__}");
while (Console.ReadLine() is { } line)
{
    var words = line.Split(' ');
    var reply = words[0] == "memory"
        ? Process.GetCurrentProcess().PeakWorkingSet64.ToString(CultureInfo.InvariantCulture)
        : answer(words);
    if (reply is null)
    {
        Console.Error.WriteLine($"torchsharp-peer: '{words[0]}' is no command of this peer");
        return 2;
    }

    Console.WriteLine(reply);
}

return 0;
