using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Engine.Benchmarks.SideBySide;

/// <summary>OpenBLAS's matrix product, where the library is installed.</summary>
internal sealed unsafe partial class OpenBlas
{
    private const int RowMajor = 101;
    private const int AsIs = 111;
    private const int Transposed = 112;
    private static readonly string[] Names = ["libopenblas.so.0", "libopenblas.so", "libopenblas.dylib", "libopenblas.dll"];

    private readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> sgemm;

    private OpenBlas(nint library, int threads)
    {
        sgemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)
            NativeLibrary.GetExport(library, "cblas_sgemm");
        ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads"))(threads);
        var core = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, "openblas_get_corename"))());
        var configuration = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, "openblas_get_config"))());
        var running = ((delegate* unmanaged<int>)NativeLibrary.GetExport(library, "openblas_get_num_threads"))();
        Description = $"{configuration?.Trim()}; kernels for {core}, {running} threads";
        Version = string.Join(' ', (configuration ?? "OpenBLAS").Split(' ').Take(2));
    }

    /// <summary>Gets version, kernels and threads, as the library tells them.</summary>
    public string Description { get; }

    /// <summary>Gets the library's name and version.</summary>
    public string Version { get; }

    /// <summary>Loads the library.</summary>
    /// <param name="threads">Threads that it may use.</param>
    /// <returns>The library, or null where there is none.</returns>
    public static OpenBlas? TryLoad(int threads)
    {
        Configure();
        foreach (var name in Names)
        {
            if (NativeLibrary.TryLoad(name, out var library))
                return new OpenBlas(library, threads);
        }

        return null;
    }

    /// <summary>result [rows, columns] = left [rows, depth] x right [depth, columns], row-major; either operand may be stored transposed.</summary>
    public void Multiply(float* left, bool leftTransposed, float* right, bool rightTransposed, float* result, int rows, int columns, int depth) =>
        sgemm(
            RowMajor,
            leftTransposed ? Transposed : AsIs,
            rightTransposed ? Transposed : AsIs,
            rows,
            columns,
            depth,
            1f,
            left,
            leftTransposed ? rows : depth,
            right,
            rightTransposed ? depth : columns,
            0f,
            result,
            columns);

    /// <summary>
    /// Settings that the library reads when it is loaded, unless the user has chosen. Releases before a processor's own know nothing of it and fall back
    /// to SSE kernels, a quarter of the speed: the kernels that fit its instructions are named. And threads without work wait in a loop for 2^28 cycles,
    /// 100 ms in which they take a core from whoever comes next: 2^22 are plenty between two calls in a row.
    /// </summary>
    private static void Configure()
    {
        var core = Avx512F.IsSupported ? "SkylakeX" : Avx2.IsSupported ? "Haswell" : null;
        if (core is not null)
            SetUnlessSet("OPENBLAS_CORETYPE", core);
        SetUnlessSet("OPENBLAS_THREAD_TIMEOUT", "22");
    }

    private static void SetUnlessSet(string name, string value)
    {
        if (Environment.GetEnvironmentVariable(name) is { Length: > 0 })
            return;

        // .NET keeps its own copy of the environment on Unix; the library reads the process's.
        if (OperatingSystem.IsWindows())
            Environment.SetEnvironmentVariable(name, value);
        else if (SetEnvironment(name, value, 1) != 0)
            throw new PeerException($"{name} cannot be set for OpenBLAS; set it to {value} and run again");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
