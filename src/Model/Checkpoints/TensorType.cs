namespace Engine.Model.Checkpoints;

/// <summary>The element types of a checkpoint that this project reads.</summary>
public enum TensorType
{
    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>The upper half of a single.</summary>
    BF16,

    /// <summary>IEEE double precision.</summary>
    F64,

    /// <summary>Signed 64-bit integers.</summary>
    I64,

    /// <summary>Signed 32-bit integers.</summary>
    I32,

    /// <summary>Bytes.</summary>
    U8,

    /// <summary>Truth values, a byte each.</summary>
    Bool,

    /// <summary>Strings of bytes, of any length each.</summary>
    String,

    /// <summary>A type of the format that holds no weights of a BERT; such tensors can be listed but not read.</summary>
    Other,
}
