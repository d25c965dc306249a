using System.Reflection;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>The JIT's vector operations of one width, found by name: <c>Vector512</c>, <c>Vector256</c> and <c>Vector128</c> have the same ones.</summary>
internal sealed class VectorMethods
{
    private readonly Dictionary<string, MethodInfo> found = [];
    private readonly Type generic;

    /// <summary>
    /// Whether the code is for vectors that this processor lacks: it can be shown, not run, and takes the instructions that an x64 processor with such vectors has.
    /// </summary>
    private readonly bool isForeign;

    /// <summary>Chooses a width.</summary>
    /// <param name="bits">512, 256 or 128.</param>
    public VectorMethods(int bits)
    {
        Bits = bits;
        isForeign = bits > VectorWidth.Widest;
        (Static, generic) = bits switch
        {
            512 => (typeof(Vector512), typeof(Vector512<>)),
            256 => (typeof(Vector256), typeof(Vector256<>)),
            _ => (typeof(Vector128), typeof(Vector128<>)),
        };
    }

    /// <summary>Width in bits.</summary>
    public int Bits { get; }

    /// <summary>32-bit lanes.</summary>
    public int Width => Bits / 32;

    /// <summary>The class of static operations.</summary>
    public Type Static { get; }

    /// <summary>Whether lanes can be loaded and stored under a mask by one instruction.</summary>
    public bool HasMaskedMemory => isForeign || (Bits == 512 ? Avx512F.IsSupported : Avx.IsSupported);

    /// <summary>Whether lanes can be gathered by instructions.</summary>
    public bool HasGather => Bits >= 256 && (isForeign || Avx2.IsSupported);

    /// <summary>Whether every other 32-bit lane can be multiplied to 64 bits.</summary>
    public bool HasEvenProducts => isForeign || Bits switch
    {
        512 => Avx512F.IsSupported,
        256 => Avx2.IsSupported,
        _ => Sse2.IsSupported,
    };

    /// <summary>The type of a vector's element for a scalar type: everything narrow lives in 32-bit integers.</summary>
    public static Type Element(ScalarType type) => type switch
    {
        ScalarType.F32 => typeof(float),
        ScalarType.F64 => typeof(double),
        ScalarType.I64 => typeof(long),
        _ => typeof(int),
    };

    /// <summary>The vector type over an element type.</summary>
    public Type Vector(Type element) => generic.MakeGenericType(element);

    /// <summary>The generic operation <paramref name="name"/> on vectors of <paramref name="element"/> that takes only vectors.</summary>
    public MethodInfo Operation(string name, Type element) => Find($"{name}<{element.Name}>", () => Static.GetMethods()
        .Single(method => method.Name == name && method.IsGenericMethodDefinition && method.GetGenericArguments().Length == 1 &&
            method.GetParameters().All(parameter => parameter.ParameterType.IsGenericType && parameter.ParameterType.GetGenericTypeDefinition() == generic))
        .MakeGenericMethod(element));

    /// <summary>The operation <paramref name="name"/> with exactly these parameter types.</summary>
    public MethodInfo Exact(string name, params Type[] parameters) => Find($"{name}({string.Join(",", parameters.Select(type => type.ToString()))})", () =>
        Static.GetMethod(name, parameters) ?? throw new MissingMethodException(Static.Name, name));

    /// <summary>A vector whose lanes all have one value.</summary>
    public MethodInfo Broadcast(Type element) => Exact("Create", element);

    /// <summary>A vector made of one value a lane.</summary>
    public MethodInfo CreateLanes(Type element) => Exact("Create", [.. Enumerable.Repeat(element, Bits / 8 / System.Runtime.InteropServices.Marshal.SizeOf(element))]);

    /// <summary>The same bits as a vector of another element type.</summary>
    public MethodInfo Reinterpret(Type from, Type to) => Find($"As<{from.Name},{to.Name}>", () => Static.GetMethods()
        .Single(method => method.Name == "As" && method.GetGenericArguments().Length == 2).MakeGenericMethod(from, to));

    /// <summary>Load from a pointer.</summary>
    public MethodInfo Load(Type element) => Find($"Load<{element.Name}>", () => Static.GetMethods()
        .Single(method => method.Name == "Load" && method.IsGenericMethodDefinition).MakeGenericMethod(element));

    /// <summary>Store (vector, pointer).</summary>
    public MethodInfo Store(Type element) => Find($"Store<{element.Name}>", () => Static.GetMethods()
        .Single(method => method.Name == "Store" && method.IsGenericMethodDefinition && method.GetParameters()[0].ParameterType.IsGenericType &&
            method.GetParameters()[0].ParameterType.GetGenericTypeDefinition() == generic).MakeGenericMethod(element));

    /// <summary>One lane of a vector (vector, lane).</summary>
    public MethodInfo GetElement(Type element) => Find($"GetElement<{element.Name}>", () => Static.GetMethods()
        .Single(method => method.Name == "GetElement").MakeGenericMethod(element));

    /// <summary>The masked load of floats or doubles: (pointer, mask), and at 512 bits the value of inactive lanes.</summary>
    public MethodInfo MaskLoad(Type element) => Find($"MaskLoad<{element.Name}>", () => Bits == 512
        ? typeof(Avx512F).GetMethod("MaskLoad", [element.MakePointerType(), Vector(element), Vector(element)])!
        : typeof(Avx).GetMethod("MaskLoad", [element.MakePointerType(), Vector(element)])!);

    /// <summary>The masked store of floats or doubles: (pointer, mask, value).</summary>
    public MethodInfo MaskStore(Type element) => Find($"MaskStore<{element.Name}>", () => (Bits == 512 ? typeof(Avx512F) : typeof(Avx))
        .GetMethod("MaskStore", [element.MakePointerType(), Vector(element), Vector(element)])!);

    private MethodInfo Find(string key, Func<MethodInfo> search)
    {
        if (!found.TryGetValue(key, out var method)) found[key] = method = search();
        return method;
    }
}
