namespace Engine.Compute.Vector.IR;

/// <summary>Type of one thread's value. Pointers are <see cref="I64"/>: addresses are ordinary integers, so that one algebra serves both.</summary>
internal enum ScalarType : byte
{
    /// <summary>No value: stores, barriers.</summary>
    Void,

    /// <summary>A truth value: 0 or 1 as a scalar, all bits of a 32-bit lane as a mask.</summary>
    Bool,

    /// <summary>8-bit integer, held sign-extended in 32 bits.</summary>
    I8,

    /// <summary>16-bit integer, held sign-extended in 32 bits.</summary>
    I16,

    /// <summary>32-bit integer; signedness belongs to operations.</summary>
    I32,

    /// <summary>64-bit integer or address.</summary>
    I64,

    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>IEEE binary64.</summary>
    F64,
}

/// <summary>Facts about <see cref="ScalarType"/>.</summary>
internal static class ScalarTypes
{
    /// <summary>Whether the type is a float type.</summary>
    public static bool IsFloat(this ScalarType type) => type >= ScalarType.F32;

    /// <summary>Whether the type is an integer type, truth values excluded.</summary>
    public static bool IsInteger(this ScalarType type) => type is >= ScalarType.I8 and <= ScalarType.I64;

    /// <summary>Size in memory, bytes.</summary>
    public static int SizeInMemory(this ScalarType type) => type switch
    {
        ScalarType.Bool or ScalarType.I8 => 1,
        ScalarType.I16 => 2,
        ScalarType.I32 or ScalarType.F32 => 4,
        ScalarType.I64 or ScalarType.F64 => 8,
        _ => 0,
    };

    /// <summary>Whether a lane of this type takes 64 bits of a vector; all others take 32.</summary>
    public static bool IsWide(this ScalarType type) => type is ScalarType.I64 or ScalarType.F64;

    /// <summary>Name in the text form.</summary>
    public static string Name(this ScalarType type) => type.ToString().ToLowerInvariant();
}
