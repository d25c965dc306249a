using Engine.Compute.Vector;
using Engine.Compute.Vector.Import;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>Kernels that are compiled ahead of their launches: what fails there, what closes meanwhile, and where nothing is compiled ahead.</summary>
public sealed class CompilationAheadTests
{
    private const int Length = 16;

    [Fact]
    public async Task LaunchesAheadCompileAndDoNotRun()
    {
        var compiler = new ScriptedCompiler((_, _) => { });
        using var device = Open(compiler);
        using var x = Zeros(device);
        await device.CompileAhead(() =>
        {
            Launch(device, Add, x.View, 4);
            Launch(device, Add, x.View, 4);
            Launch(device, Add, x.View, 8);
            Launch(device, Double, x.View, 4);
        });
        compiler.WaitFor(3);
        Assert.Equal(new float[Length], x.GetAsArray1D());

        // What was compiled ahead is what is launched, and each of it was compiled once.
        Launch(device, Add, x.View, 8);
        Launch(device, Double, x.View, 4);
        Launch(device, Add, x.View, 4);
        Assert.Equal([3, 3, 3, 3, 1, 1, 1, 1], x.GetAsArray1D()[..8]);
        Assert.Equal((3, 3), (compiler.Begun, device.CompiledKernels!.Value));
    }

    [Fact]
    public async Task LaunchesOfOtherThreadsAndDevicesRunMeanwhile()
    {
        using var device = Open(new VectorCompiler());
        using var other = Open(new VectorCompiler());
        using var x = Zeros(device);
        using var y = Zeros(other);
        await device.CompileAhead(() =>
        {
            Launch(other, Add, y.View, 4);
            var thread = new Thread(() => Launch(device, Add, x.View, 4));
            thread.Start();
            thread.Join();
            Launch(device, Add, x.View, 4);
        });
        Assert.Equal([1, 1, 1, 1, 0], x.GetAsArray1D()[..5]);
        Assert.Equal([1, 1, 1, 1, 0], y.GetAsArray1D()[..5]);
    }

    [Theory]
    [InlineData("too little memory")]
    [InlineData("wrong code")]
    [InlineData("unsupported")]
    public async Task WhatCannotBeCompiledIsSaidByTheLaunch(string kind)
    {
        var compiler = new ScriptedCompiler((_, _) => throw Failure(kind));
        using var ahead = Open(compiler);
        using var ordinary = Open(new ScriptedCompiler((_, _) => throw Failure(kind)));
        using var x = Zeros(ahead);
        using var y = Zeros(ordinary);
        var expected = Record(() => Launch(ordinary, Add, y.View, 4));
        await ahead.CompileAhead(() => Launch(ahead, Add, x.View, 4));
        compiler.WaitFor(1);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var actual = Record(() => Launch(ahead, Add, x.View, 4));
            Assert.Equal((expected.GetType(), expected.Message), (actual.GetType(), actual.Message));
        }

        Assert.Equal(0, ahead.CompiledKernels);
    }

    [Fact]
    public async Task WhatFailedOnceIsCompiledByTheLaunch()
    {
        var compiler = new ScriptedCompiler((_, number) =>
        {
            if (number == 1) throw new OutOfMemoryException("there was none at that moment");
        });
        using var device = Open(compiler);
        using var x = Zeros(device);
        await device.CompileAhead(() => Launch(device, Add, x.View, 4));
        compiler.WaitFor(1);
        Launch(device, Add, x.View, 4);
        Assert.Equal([1, 1, 1, 1, 0], x.GetAsArray1D()[..5]);
        Assert.Equal(2, compiler.Begun);
    }

    [Fact]
    public async Task WhatTheWorkThrowsIsLeftOutAndLaunchesRunAgain()
    {
        using var device = Open(new VectorCompiler());
        using var x = Zeros(device);
        var threads = new List<Thread>();
        foreach (var exception in new Exception[] { new OutOfMemoryException("nothing left"), new ComputeException("of the work") })
        {
            await device.CompileAhead(() =>
            {
                threads.Add(Thread.CurrentThread);
                throw exception;
            });
        }

        // The same thread of the pool may be the next one's.
        Assert.Equal(2, threads.Count);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Launch(device, Add, x.View, 4))));
        Assert.Equal([8, 8, 8, 8, 0], x.GetAsArray1D()[..5]);
    }

    [Fact]
    public void ClosingWaitsForWhatIsCompiledAndLeavesOutWhatHasNotBegun()
    {
        var device = default(ComputeDevice)!;
        var (begun, ended) = (0, 0);
        using var first = new ManualResetEventSlim();
        var compiler = new ScriptedCompiler((_, _) =>
        {
            Interlocked.Increment(ref begun);
            first.Set();
            WaitUntilClosing(device);
            Interlocked.Increment(ref ended);
        });
        device = Open(compiler);
        var x = Zeros(device);
        var view = x.View;
        var work = device.CompileAhead(() =>
        {
            for (var size = 1; size <= Length; size++) Launch(device, Add, view, size);
        });
        first.Wait();
        device.Dispose();

        // Whatever was begun has ended, the work too, and nothing begins any more.
        Assert.True(work.IsCompletedSuccessfully);
        var (begunThen, endedThen) = (begun, ended);
        Assert.Equal(begunThen, endedThen);
        Assert.InRange(begunThen, 1, Length);
        DrainPool();
        Assert.Equal(begunThen, begun);
    }

    [Fact]
    public async Task ClosingEndsTheWorkAtItsNextLaunch()
    {
        var compiler = new ScriptedCompiler((_, _) => { });
        var device = Open(compiler);
        var view = Zeros(device).View;
        using var inside = new ManualResetEventSlim();
        var (launched, left) = (default(Exception), false);
        var launch = device.LoadOnce(Add, KernelLoaders.LoadStreamKernel);
        var work = device.CompileAhead(() =>
        {
            inside.Set();
            WaitUntilClosing(device);
            launched = Xunit.Record.Exception(() => launch(new KernelConfig(1, 4), view));
            left = true;
        });
        inside.Wait();
        device.Dispose();
        Assert.True(left);
        Assert.IsType<ObjectDisposedException>(launched);
        await work;
        Assert.Equal(0, compiler.Begun);

        // A closed device goes through nothing.
        await device.CompileAhead(() => left = false);
        Assert.True(left);
    }

    [Fact]
    public async Task WorkCannotCloseItsDevice()
    {
        using var device = Open(new VectorCompiler());
        using var x = Zeros(device);
        var exception = default(Exception);
        await device.CompileAhead(() => exception = Xunit.Record.Exception(device.Dispose));
        Assert.Contains("cannot close its device", Assert.IsType<InvalidOperationException>(exception).Message, StringComparison.Ordinal);
        Launch(device, Add, x.View, 4);
        Assert.Equal(1, x.GetAsArray1D()[0]);
    }

    [Theory]
    [InlineData("ilgpu-cpu", true, false, false)]
    [InlineData("cpu", false, false, false)]
    [InlineData("cpu", true, true, false)]
    [InlineData("cpu", true, false, true)]
    public void OtherDevicesCheckedModeAndProfilesCompileNothingAhead(string selector, bool isAsked, bool isChecked, bool isProfiled)
    {
        using var device = ComputeDevice.Open(selector, new ComputeDeviceOptions { CompilesAhead = isAsked, Checked = isChecked });
        if (isProfiled) device.StartProfile();
        var task = device.CompileAhead(() => Assert.Fail("is not gone through"));
        Assert.True(task.IsCompletedSuccessfully);
        using var x = Zeros(device);
        Launch(device, Add, x.View, 4);
        Assert.Equal(1, x.GetAsArray1D()[0]);
    }

    private static ComputeDevice Open(IVectorCompiler compiler) =>
        ComputeDevice.Open("cpu", new ComputeDeviceOptions { CompilesAhead = true, Compiler = compiler, Threads = 2 });

    private static MemoryBuffer1D<float, Stride1D.Dense> Zeros(ComputeDevice device)
    {
        var buffer = device.Accelerator.Allocate1D<float>(Length);
        buffer.MemSetToZero();
        device.Synchronize();
        return buffer;
    }

    private static void Launch(ComputeDevice device, Action<ArrayView<float>> kernel, ArrayView<float> x, int threads)
    {
        device.LoadOnce(kernel, KernelLoaders.LoadStreamKernel)(new KernelConfig(1, threads), x);
        device.Synchronize();
    }

    private static void Add(ArrayView<float> x) => x[Group.IdxX] += 1;

    private static void Double(ArrayView<float> x) => x[Group.IdxX] *= 2;

    private static Exception Record(Action action) => Xunit.Record.Exception(action) ?? throw new InvalidOperationException("an exception was expected");

    private static Exception Failure(string kind) => kind switch
    {
        "too little memory" => new OutOfMemoryException("of the compiler"),
        "wrong code" => new InvalidProgramException("of the compiler"),
        _ => new UnsupportedKernelException("Add", "of the compiler"),
    };

    /// <summary>Returns a moment after the device has begun to close: then it goes through nothing more.</summary>
    private static void WaitUntilClosing(ComputeDevice device)
    {
        var open = true;
        while (open)
        {
            open = false;
            Thread.Yield();
            device.CompileAhead(() => open = true).Wait();
        }

        Thread.Sleep(100);
    }

    /// <summary>Returns when the pool has come to all that was queued.</summary>
    private static void DrainPool()
    {
        while (ThreadPool.PendingWorkItemCount > 0) Thread.Yield();
    }

    /// <summary>The ordinary compiler, which first does what the test wants.</summary>
    private sealed class ScriptedCompiler(Action<GroupShape, int> script) : IVectorCompiler
    {
        private readonly VectorCompiler compiler = new();
        private readonly object gate = new();
        private int ended;

        public int Begun { get; private set; }

        public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options) =>
            new Program(this, compiler.Import(entryPoint, source, layout, options));

        /// <summary>Waits until so many compilations have ended, in whatever way.</summary>
        public void WaitFor(int count)
        {
            lock (gate)
            {
                while (ended < count) Monitor.Wait(gate);
            }
        }

        private VectorCode Specialize(IVectorProgram program, GroupShape shape)
        {
            int number;
            lock (gate) number = ++Begun;
            try
            {
                script(shape, number);
                return program.Specialize(shape);
            }
            finally
            {
                lock (gate)
                {
                    ended++;
                    Monitor.PulseAll(gate);
                }
            }
        }

        private sealed class Program(ScriptedCompiler owner, IVectorProgram program) : IVectorProgram
        {
            public int SharedMemoryBytes => program.SharedMemoryBytes;

            public VectorCode Specialize(GroupShape shape) => owner.Specialize(program, shape);
        }
    }
}
