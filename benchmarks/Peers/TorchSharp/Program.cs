// A BERT training step in TorchSharp, on request, so that another process can alternate with it:
//     torchsharp-peer LAYERS HIDDEN HEADS BATCH SEQUENCE THREADS
// Writes "ready VERSION", then answers each line of its input with one line:
//     step      the milliseconds of one training step (forward, backward, clip, AdamW)
//     forward N the milliseconds of N forward passes without dropout
//     memory    the process's peak working set in bytes
// and ends at the end of its input.
using System.Diagnostics;
using System.Globalization;
using Engine.Benchmarks.Peers;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

if (args.Length != 6)
{
    Console.Error.WriteLine("usage: torchsharp-peer LAYERS HIDDEN HEADS BATCH SEQUENCE THREADS");
    return 2;
}

var numbers = args.Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
set_num_threads(numbers[5]);
manual_seed(1);
var model = new Bert(numbers[0], numbers[1], numbers[2]);
long batch = numbers[3], sequence = numbers[4];
var ids = randint(0, 30522, [batch, sequence]);
var mask = zeros(batch, 1, 1, sequence);
var labels = randint(0, 2, [batch]);
var optimizer = optim.AdamW(model.parameters(), lr: 1e-5);
Console.WriteLine($"ready {__version__}");

while (Console.ReadLine() is { } command)
{
    var start = Stopwatch.GetTimestamp();
    var words = command.Split(' ');
    switch (words[0])
    {
        case "step":
            Step();
            break;
        case "forward":
            for (var pass = int.Parse(words[1], CultureInfo.InvariantCulture); pass > 0; pass--)
                Forward();
            break;
        case "memory":
            Console.WriteLine(Process.GetCurrentProcess().PeakWorkingSet64.ToString(CultureInfo.InvariantCulture));
            continue;
        default:
            Console.Error.WriteLine($"torchsharp-peer: '{command}' is no command: expected step, forward or memory");
            return 2;
    }

    Console.WriteLine(Stopwatch.GetElapsedTime(start).TotalMilliseconds.ToString("F3", CultureInfo.InvariantCulture));
}

return 0;

void Step()
{
    model.train();
    using var scope = NewDisposeScope();
    optimizer.zero_grad();
    var loss = F.cross_entropy(model.call(ids, mask), labels);
    loss.backward();
    nn.utils.clip_grad_norm_(model.parameters(), 1.0);
    optimizer.step();
}

void Forward()
{
    model.eval();
    using var scope = NewDisposeScope();
    using var withoutGradients = no_grad();
    _ = model.call(ids, mask);
}
