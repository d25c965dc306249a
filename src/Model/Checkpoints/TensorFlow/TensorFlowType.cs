namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>TensorFlow's element types (tensorflow/core/framework/types.proto) in terms of this project's.</summary>
internal static class TensorFlowType
{
    /// <summary>The number of strings, whose elements have no fixed width.</summary>
    public const long String = 7;

    /// <summary>The number of truth values.</summary>
    public const long Bool = 10;

    private static readonly Dictionary<long, (string Name, TensorType Type, int Width)> Types = new()
    {
        [1] = ("FLOAT", TensorType.F32, 4),
        [2] = ("DOUBLE", TensorType.F64, 8),
        [3] = ("INT32", TensorType.I32, 4),
        [4] = ("UINT8", TensorType.U8, 1),
        [5] = ("INT16", TensorType.Other, 2),
        [6] = ("INT8", TensorType.Other, 1),
        [String] = ("STRING", TensorType.String, 0),
        [8] = ("COMPLEX64", TensorType.Other, 8),
        [9] = ("INT64", TensorType.I64, 8),
        [Bool] = ("BOOL", TensorType.Bool, 1),
        [11] = ("QINT8", TensorType.Other, 1),
        [12] = ("QUINT8", TensorType.Other, 1),
        [13] = ("QINT32", TensorType.Other, 4),
        [14] = ("BFLOAT16", TensorType.BF16, 2),
        [15] = ("QINT16", TensorType.Other, 2),
        [16] = ("QUINT16", TensorType.Other, 2),
        [17] = ("UINT16", TensorType.Other, 2),
        [18] = ("COMPLEX128", TensorType.Other, 16),
        [19] = ("HALF", TensorType.F16, 2),
        [20] = ("RESOURCE", TensorType.Other, 0),
        [21] = ("VARIANT", TensorType.Other, 0),
        [22] = ("UINT32", TensorType.Other, 4),
        [23] = ("UINT64", TensorType.Other, 8),
    };

    /// <summary>The name, the type and the bytes of an element; 0 bytes where elements have no fixed width or the number is unknown.</summary>
    public static (string Name, TensorType Type, int Width) Of(long number) =>
        Types.TryGetValue(number, out var known) ? known : ($"type {number}", TensorType.Other, 0);
}
