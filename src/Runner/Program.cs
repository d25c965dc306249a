using System.Runtime.InteropServices;
using System.Text;
using Engine.Runner;

Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

// The first signal lets the command end its step and save; the second one ends the process as usual.
using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
return CommandLine.Run(args, Terminal.OfProcess(), stop.Token);

void OnSignal(PosixSignalContext context)
{
    if (stop.IsCancellationRequested)
        return;
    context.Cancel = true;
    stop.Cancel();
    Console.Error.WriteLine("engine: stopping after this step; once more ends at once.");
}
