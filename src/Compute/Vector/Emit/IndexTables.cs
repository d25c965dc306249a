using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Engine.Compute.Vector.Emit;

/// <summary>
/// Tables of group indices by linear index, at addresses that emitted code can name. There is one for each group shape, width and dimension
/// that was ever compiled; they live as long as the process, as the code does.
/// </summary>
internal static unsafe class IndexTables
{
    private static readonly ConcurrentDictionary<(GroupShape Shape, int Width, int Dimension), nint> Tables = new();

    /// <summary>The table of one dimension.</summary>
    public static nint Of(LaneModel lanes, int dimension) => Tables.GetOrAdd((lanes.GroupShape, lanes.Width, dimension), _ =>
    {
        var indices = lanes.IndexTable(dimension);
        var memory = (int*)NativeMemory.AlignedAlloc((nuint)(indices.Length * sizeof(int)), 64);
        indices.CopyTo(new Span<int>(memory, indices.Length));
        return (nint)memory;
    });
}
