using System.Reflection;
using System.Reflection.Emit;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>
/// Makes of a kernel with <see cref="SpecializedValue{T}"/> parameters the method that ILGPU compiles at a launch: one that has their values as
/// constants. It is read by ILGPU's front end and never run, which is why it may call a private kernel.
/// </summary>
internal static class SpecializedKernel
{
    private static readonly ModuleBuilder Module =
        AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("SpecializedKernels"), AssemblyBuilderAccess.Run).DefineDynamicModule("SpecializedKernels");

    private static int count;

    /// <summary>How many specialized parameters, all of them integers, a kernel has.</summary>
    public static int ParametersOf(MethodInfo kernel) => kernel.GetParameters().Count(parameter => parameter.ParameterType == typeof(SpecializedValue<int>));

    /// <summary>Puts values in the places of the specialized parameters, in their order.</summary>
    public static MethodInfo Of(MethodInfo kernel, params int[] values)
    {
        Assert.Equal(values.Length, ParametersOf(kernel));
        var types = kernel.GetParameters().Select(parameter => parameter.ParameterType).ToArray();
        var type = Module.DefineType($"Kernel{Interlocked.Increment(ref count)}", TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        var method = type.DefineMethod(
            kernel.Name, MethodAttributes.Public | MethodAttributes.Static, typeof(void), [.. types.Where(parameter => parameter != typeof(SpecializedValue<int>))]);
        var il = method.GetILGenerator();
        int argument = 0;
        int value = 0;
        foreach (var parameter in types)
        {
            if (parameter == typeof(SpecializedValue<int>))
            {
                il.Emit(OpCodes.Ldc_I4, values[value++]);
                il.Emit(OpCodes.Newobj, parameter.GetConstructor([typeof(int)])!);
            }
            else
            {
                il.Emit(OpCodes.Ldarg, (short)argument++);
            }
        }

        il.Emit(OpCodes.Call, kernel);
        il.Emit(OpCodes.Ret);
        return type.CreateType().GetMethod(kernel.Name)!;
    }
}
