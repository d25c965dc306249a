using System.Globalization;
using Engine.Compute.Vector.IR;
using ILGPU.IR;
using SourceValue = ILGPU.IR.Value;

namespace Engine.Compute.Vector.Import;

/// <summary>
/// Finds the lines of the kernel's source that operations come from. ILGPU has them where the assembly has debug information; what is inlined from ILGPU itself,
/// such as a view's indexer with its assertion, takes the line of the next operation of its block that has one: the access that it is for. Else the last
/// line before it serves.
/// </summary>
internal sealed class SourceLines
{
    private readonly Dictionary<SourceValue, SourceLine> lines = [];
    private readonly SourceLine unknown;

    /// <summary>Finds the lines of a kernel.</summary>
    /// <param name="method">The kernel, everything inlined.</param>
    /// <param name="kernel">Class and method, for operations whose line is not known.</param>
    public SourceLines(Method method, string kernel)
    {
        unknown = new SourceLine($"in {kernel}");
        SourceLine? last = null;
        foreach (var block in method.Blocks)
        {
            var inOrder = new List<SourceValue>();
            foreach (var entry in block) inOrder.Add(entry.Value);
            SourceLine? next = null;
            for (int index = inOrder.Count - 1; index >= 0; index--)
            {
                next = Own(inOrder[index]) ?? next;
                if (next is not null) lines[inOrder[index]] = next;
            }
            foreach (var value in inOrder)
            {
                last = Own(value) ?? last;
                if (last is not null) lines.TryAdd(value, last);
            }
        }
    }

    /// <summary>The line of an operation.</summary>
    public SourceLine Of(SourceValue value) => lines.GetValueOrDefault(value, unknown);

    private static SourceLine? Own(SourceValue value)
    {
        // Intrinsics that stand for a call carry the calls that lead to them.
        var file = value.Location as FileLocation;
        if (file is null && value.Location is CompilationStackLocation calls && calls.TryGetLocation<FileLocation>(out var call)) file = call;
        return file is null ? null : new SourceLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file.FileName)}:{file.StartLine}"));
    }
}
