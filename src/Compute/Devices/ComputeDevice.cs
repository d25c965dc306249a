using Engine.Compute.Vector;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Engine.Compute;

/// <summary>
/// One opened device: its ILGPU context, its accelerator and the default stream. Everything is enqueued on the default stream;
/// <see cref="Synchronize"/> waits for it.
/// </summary>
public sealed class ComputeDevice : IDisposable
{
    private readonly LoadedKernels kernels;
    private readonly CompilationAhead? ahead;

    private ComputeDevice(DeviceSelector selector, Context context, Accelerator accelerator, ComputeDeviceOptions options, IReadOnlyList<string> notes)
    {
        Selector = selector.ToString();
        Kind = selector.Kind;
        Context = context;
        Accelerator = accelerator;
        Notes = notes;
        Tiles = options.Tiles ?? TileTable.For(accelerator);
        kernels = new LoadedKernels(accelerator);
        ahead = options.CompilesAhead && !options.Checked && accelerator is VectorAccelerator vector ? new CompilationAhead(vector) : null;
    }

    /// <summary>Gets what names this device, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Selector { get; }

    /// <summary>Gets the kind of device; for reports, kernels choose by <see cref="Tiles"/>.</summary>
    public DeviceKind Kind { get; }

    /// <summary>Gets the ILGPU context.</summary>
    public Context Context { get; }

    /// <summary>Gets the accelerator.</summary>
    public Accelerator Accelerator { get; }

    /// <summary>Gets the default stream.</summary>
    public AcceleratorStream Stream => Accelerator.DefaultStream;

    /// <summary>Gets the device's name.</summary>
    public string Name => Accelerator.Name;

    /// <summary>Gets the name of all that results depend on, bit for bit: on the vector CPU the width of its vectors, and not the number of its threads.</summary>
    public string ArithmeticName => Accelerator.Device is VectorDevice vector ? vector.ArithmeticName : Name;

    /// <summary>Gets the sizes by which kernels choose their shape.</summary>
    public TileTable Tiles { get; }

    /// <summary>Gets one line for each device that <c>auto</c> passed over, saying why.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>
    /// Gets how many kernels the vector CPU has compiled since it was opened, each group shape by itself; null on devices that ILGPU compiles for.
    /// A second step of the same model compiles nothing.
    /// </summary>
    public int? CompiledKernels => (Accelerator as VectorAccelerator)?.CompiledKernels;

    /// <summary>
    /// Gets the kernels that the vector CPU runs thread by thread, far slower than as vectors: threads of a group wait at different places, or the group is
    /// too large for its barriers. Empty on devices that ILGPU compiles for. Our own kernels are not among them in the groups that devices choose.
    /// </summary>
    public IReadOnlyCollection<string> KernelsRunByThread => (Accelerator as VectorAccelerator)?.ThreadKernels ?? [];

    /// <summary>Gets where operations enter their time and work, or null where nothing is measured.</summary>
    public LaunchProfile? Profile { get; private set; }

    /// <summary>
    /// Starts to measure the time of every operation and, on the vector CPU, of every kernel, in place of what was measured before. Where launches return
    /// at once, the device is waited for after every operation from now on.
    /// </summary>
    /// <returns>The profile, which grows with every call.</returns>
    public LaunchProfile StartProfile()
    {
        var vector = Accelerator as VectorAccelerator;
        Profile = new LaunchProfile(vector is null ? Synchronize : null);
        if (vector is not null)
        {
            vector.Profile = Profile;
        }

        return Profile;
    }

    /// <summary>Ends the measurement that <see cref="StartProfile"/> began.</summary>
    public void StopProfile()
    {
        Profile = null;
        if (Accelerator is VectorAccelerator vector)
        {
            vector.Profile = null;
        }
    }

    /// <summary>Opens a device.</summary>
    /// <param name="selector"><c>auto</c> (CUDA, else the vector CPU), <c>cpu</c>, <c>cuda[:n]</c>, <c>opencl[:n]</c> or <c>ilgpu-cpu</c>.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    /// <returns>The device.</returns>
    /// <exception cref="ComputeException">The selector names no device, or one that cannot be used.</exception>
    public static ComputeDevice Open(string selector = "auto", ComputeDeviceOptions? options = null)
    {
        var wanted = DeviceSelector.Parse(selector);
        options ??= new ComputeDeviceOptions();
        if (options.Threads < 0)
        {
            throw new ComputeException($"{options.Threads} threads are not possible: expected 1 or more, or 0 for all cores");
        }

        if (wanted.Kind != DeviceKind.Auto)
        {
            return OpenKind(wanted, options, []);
        }

        var notes = new List<string>();

        // A machine without a driver has no card that was passed over: nothing to be told about.
        DeviceKind[] kinds = DeviceContexts.HasNvidiaDriver() ? [DeviceKind.Cuda, DeviceKind.Cpu] : [DeviceKind.Cpu];
        foreach (var kind in kinds)
        {
            try
            {
                return OpenKind(new DeviceSelector(kind, 0), options, notes);
            }
            catch (ComputeException exception)
            {
                notes.Add(exception.Message);
            }
        }

        throw new ComputeException($"no device can be used: {string.Join("; ", notes)}");
    }

    /// <summary>Lists the devices of this machine, those that cannot be used included.</summary>
    /// <returns>The devices.</returns>
    public static IReadOnlyList<DeviceDescription> List() => DeviceList.Make();

    /// <summary>
    /// Returns the launcher of a kernel, which is loaded at the first request and kept until the device is closed: whoever asks for it again, such as a second
    /// model, launches the same compiled code. Safe from any thread.
    /// </summary>
    /// <example><code>device.LoadOnce(ForwardKernel, KernelLoaders.LoadStreamKernel)</code></example>
    /// <typeparam name="TKernel">The kernel's signature.</typeparam>
    /// <typeparam name="TLauncher">The launcher's signature.</typeparam>
    /// <param name="kernel">The kernel, a static method, by which the launcher is kept.</param>
    /// <param name="load">ILGPU's method that loads it, <see cref="KernelLoaders"/>.LoadStreamKernel; the launcher is kept by this method too, not by what it captures.</param>
    /// <returns>The launcher.</returns>
    /// <exception cref="ObjectDisposedException">The device is closed.</exception>
    public TLauncher LoadOnce<TKernel, TLauncher>(TKernel kernel, Func<Accelerator, TKernel, TLauncher> load)
        where TKernel : Delegate
        where TLauncher : Delegate
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(load);
        return kernels.Get(kernel, load);
    }

    /// <summary>
    /// Compiles, on other threads, the kernels that some work launches, without running them, where <see cref="ComputeDeviceOptions.CompilesAhead"/> asks for
    /// it; else does nothing, and nothing either while a profile is measured, which is about work that runs.
    /// </summary>
    /// <param name="work">
    /// The work, on memory of its own that stays until the task has ended: it allocates and copies as it always does, its launches do nothing else than have
    /// their kernels compiled. What it throws is left out, and so is a kernel that cannot be compiled: the launch that is meant to run throws it.
    /// </param>
    /// <returns>
    /// Ends, without failing, when the work was gone through. Kernels are compiled a while longer; whoever launches one waits for it, whoever closes the device
    /// for those that have begun.
    /// </returns>
    public Task CompileAhead(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return ahead is not null && Profile is null ? ahead.Start(work) : Task.CompletedTask;
    }

    /// <summary>Waits until everything that was enqueued has finished.</summary>
    public void Synchronize() => Stream.Synchronize();

    /// <inheritdoc/>
    public void Dispose()
    {
        // Before anything is taken from those who compile or copy ahead.
        ahead?.Stop();
        kernels.Close();
        Accelerator.Dispose();
        Context.Dispose();
    }

    /// <summary>Returns an exception's message as one line, the innermost cause where ILGPU wraps it.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>The line.</returns>
    internal static string OneLine(Exception exception)
    {
        while (exception.InnerException is not null)
        {
            exception = exception.InnerException;
        }

        return exception.Message.ReplaceLineEndings(" ").Trim();
    }

    private static ComputeDevice OpenKind(DeviceSelector selector, ComputeDeviceOptions options, IReadOnlyList<string> notes)
    {
        var context = selector.Kind switch
        {
            DeviceKind.Cuda => DeviceContexts.Cuda(out var problem) ?? throw Unusable(selector, problem),
            DeviceKind.OpenCL => DeviceContexts.OpenCl(out var problem) ?? throw Unusable(selector, problem),
            _ => DeviceContexts.Processor(options.Checked && selector.Kind == DeviceKind.Cpu),
        };
        try
        {
            return new ComputeDevice(selector, context, Create(selector, context, options), options, notes);
        }
        catch (Exception exception)
        {
            context.Dispose();
            if (exception is ComputeException)
            {
                throw;
            }

            throw Unusable(selector, OneLine(exception), exception);
        }
    }

    private static Accelerator Create(DeviceSelector selector, Context context, ComputeDeviceOptions options)
    {
        switch (selector.Kind)
        {
            case DeviceKind.Cpu:
                return VectorDevices.Create(options).CreateAccelerator(context);
            case DeviceKind.IlgpuCpu:
                return new CPUDevice(options.EmulatedWarpSize, options.EmulatedWarpsPerGroup, 1).CreateAccelerator(context);
        }

        var type = selector.Kind == DeviceKind.Cuda ? AcceleratorType.Cuda : AcceleratorType.OpenCL;
        var devices = context.Devices.Where(device => device.AcceleratorType == type).ToList();
        return selector.Index < devices.Count
            ? devices[selector.Index].CreateAccelerator(context)
            : throw Unusable(selector, $"there are only {devices.Count} devices of this kind, numbered from 0");
    }

    private static ComputeException Unusable(DeviceSelector selector, string problem, Exception? cause = null)
    {
        var message = $"device {selector} cannot be used: {problem}; choose another device, or auto";
        return cause is null ? new ComputeException(message) : new ComputeException(message, cause);
    }
}
