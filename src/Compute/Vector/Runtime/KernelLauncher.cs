using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Compute.Vector;

/// <summary>
/// Generates the method that ILGPU calls for a launch: <c>(Kernel, AcceleratorStream, index or KernelConfig, arguments...)</c>. It
/// writes the arguments into a block on its stack, which is enough because a launch ends before it returns, and allocates nothing.
/// </summary>
internal static unsafe class KernelLauncher
{
    // The order of a launcher's parameters, which ILGPU fixes.
    private const int KernelArgument = 0;
    private const int StreamArgument = 1;
    private const int DimensionArgument = 2;
    private const int FirstArgument = 3;

    private const BindingFlags Own = BindingFlags.Static | BindingFlags.NonPublic;

    /// <summary>Generates the launcher of a kernel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="groupSize">Threads of a group along X, if the kernel is implicitly grouped.</param>
    /// <returns>The launcher.</returns>
    public static MethodInfo Generate(VectorCompiledKernel kernel, int groupSize)
    {
        var entry = kernel.Entry;
        var types = new Type[FirstArgument + entry.Parameters.Count];
        types[KernelArgument] = typeof(Kernel);
        types[StreamArgument] = typeof(AcceleratorStream);
        types[DimensionArgument] = entry.KernelIndexType;
        entry.Parameters.CopyTo(types, FirstArgument);

        // Visibility is skipped: kernels may be private and take structures with private fields.
        var method = new DynamicMethod($"Launch {kernel.KernelName}", typeof(void), types, typeof(KernelLauncher).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        var block = il.DeclareLocal(typeof(byte*));
        il.Emit(OpCodes.Ldc_I4, kernel.Layout.Size + KernelParameterLayout.Alignment);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Localloc);
        il.Emit(OpCodes.Call, typeof(KernelLauncher).GetMethod(nameof(Align), Own)!);
        il.Emit(OpCodes.Stloc, block);
        foreach (var copy in kernel.Copies)
        {
            EmitCopy(il, block, copy);
        }

        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, block);
        il.Emit(OpCodes.Ldarg_2);
        if (entry.IsImplictlyGrouped)
        {
            il.Emit(OpCodes.Ldc_I4, groupSize);
        }

        il.Emit(OpCodes.Call, LaunchMethod(entry.KernelIndexType));
        il.Emit(OpCodes.Ret);
        return method;
    }

    private static void EmitCopy(ILGenerator il, LocalBuilder block, ArgumentCopy copy)
    {
        il.Emit(OpCodes.Ldloc, block);
        il.Emit(OpCodes.Ldc_I4, copy.Offset);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Add);
        if (copy.ViewElement is not null)
        {
            il.Emit(OpCodes.Ldarg_0);
        }

        var argument = (short)(copy.Argument + FirstArgument);
        if (copy.Path.IsEmpty)
        {
            il.Emit(OpCodes.Ldarg, argument);
        }
        else
        {
            il.Emit(OpCodes.Ldarga, argument);
            foreach (var field in copy.Path.AsSpan()[..^1])
            {
                il.Emit(OpCodes.Ldflda, field);
            }

            il.Emit(OpCodes.Ldfld, copy.Path[^1]);
        }

        if (copy.ViewElement is not null)
        {
            il.Emit(OpCodes.Ldc_I4, copy.Argument);
            il.Emit(OpCodes.Call, typeof(KernelLauncher).GetMethod(nameof(StoreView), Own)!.MakeGenericMethod(copy.ViewElement));
        }
        else
        {
            il.Emit(OpCodes.Stobj, copy.Type);
        }
    }

    private static MethodInfo LaunchMethod(Type indexType)
    {
        var name = indexType == typeof(KernelConfig) ? nameof(LaunchExplicit)
            : indexType == typeof(Index1D) ? nameof(Launch1D)
            : indexType == typeof(Index2D) ? nameof(Launch2D)
            : nameof(Launch3D);
        return typeof(KernelLauncher).GetMethod(name, Own)!;
    }

    private static byte* Align(byte* block) =>
        (byte*)(((nint)block + KernelParameterLayout.Alignment - 1) & -KernelParameterLayout.Alignment);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreView<T>(byte* target, Kernel kernel, ArrayView<T> view, int argument)
        where T : unmanaged
    {
        if (!view.IsValid)
        {
            ((nint*)target)[0] = 0;
            ((long*)target)[1] = 0;
            return;
        }

        if (VectorMemoryBuffer.BufferOf(view).IsDisposed)
        {
            throw new ObjectDisposedException(
                nameof(MemoryBuffer), $"kernel {((VectorKernel)kernel).Compiled.KernelName}: the buffer of view argument {argument} is disposed; launch while it lives");
        }

        if (view.GetAcceleratorType() != AcceleratorType.CPU)
        {
            throw new ArgumentException(
                $"kernel {((VectorKernel)kernel).Compiled.KernelName}: view argument {argument} lies in memory of {view.GetAccelerator().Name}, expected memory of {kernel.Accelerator.Name}; copy it there");
        }

        ((nint*)target)[0] = view.LoadEffectiveAddressAsPtr();
        ((long*)target)[1] = view.Length;
        if (((VectorKernel)kernel).Owner.Checks is { } checks && view.GetAccelerator() != kernel.Accelerator)
        {
            checks.Memory.AddForeign((byte*)view.LoadEffectiveAddressAsPtr(), view.LengthInBytes);
        }
    }

    private static void LaunchExplicit(Kernel kernel, byte* arguments, KernelConfig config)
    {
        var (grid, group, shared) = config;
        var launch = new LaunchInfo
        {
            GridX = grid.X,
            GridY = grid.Y,
            GridZ = grid.Z,
            GroupX = group.X,
            GroupY = group.Y,
            GroupZ = group.Z,
            ExtentX = (long)grid.X * group.X,
            ExtentY = (long)grid.Y * group.Y,
            ExtentZ = (long)grid.Z * group.Z,
            DynamicSharedBytes = shared.ArraySize,
        };
        Run(kernel, arguments, ref launch);
    }

    private static void Launch1D(Kernel kernel, byte* arguments, Index1D extent, int groupSize) =>
        LaunchImplicit(kernel, arguments, extent.X, 1, 1, groupSize);

    private static void Launch2D(Kernel kernel, byte* arguments, Index2D extent, int groupSize) =>
        LaunchImplicit(kernel, arguments, extent.X, extent.Y, 1, groupSize);

    private static void Launch3D(Kernel kernel, byte* arguments, Index3D extent, int groupSize) =>
        LaunchImplicit(kernel, arguments, extent.X, extent.Y, extent.Z, groupSize);

    private static void LaunchImplicit(Kernel kernel, byte* arguments, int x, int y, int z, int groupSize)
    {
        var launch = new LaunchInfo
        {
            GridX = x > 0 ? (int)(((long)x + groupSize - 1) / groupSize) : x,
            GridY = y,
            GridZ = z,
            GroupX = groupSize,
            GroupY = 1,
            GroupZ = 1,
            ExtentX = x,
            ExtentY = y,
            ExtentZ = z,
        };
        Run(kernel, arguments, ref launch);
    }

    private static void Run(Kernel kernel, byte* arguments, ref LaunchInfo launch)
    {
        var loaded = (VectorKernel)kernel;
        loaded.Owner.Launch(loaded, arguments, ref launch);
    }
}
