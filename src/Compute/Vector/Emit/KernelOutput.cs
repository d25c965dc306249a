using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using FormatExpression = ILGPU.Util.FormatString.FormatExpression;

namespace Engine.Compute.Vector.Emit;

/// <summary>What kernels write with <c>Interop.Write</c>: goes to the standard output, thread by thread in the order of lanes, each text whole.</summary>
internal static unsafe class KernelOutput
{
    private static readonly Lock Writing = new();
    private static ImmutableList<ImmutableArray<FormatExpression>> formats = [];

    /// <summary>Keeps a format, which emitted code names by its number; it lives as long as the process, as the code does.</summary>
    public static int Register(ImmutableArray<FormatExpression> format)
    {
        lock (Writing)
        {
            formats = formats.Add(format);
            return formats.Count - 1;
        }
    }

    /// <summary>The lanes of one value, from the first slot of the spill area.</summary>
    public static object[] Box<T>(byte* spill, int lanes)
        where T : unmanaged
    {
        var boxed = new object[lanes];
        for (int lane = 0; lane < lanes; lane++) boxed[lane] = ((T*)spill)[lane];
        return boxed;
    }

    /// <summary>Writes one text for each active lane.</summary>
    public static void Write(byte* spill, int lanes, int format, object[][] columns)
    {
        var mask = (int*)(spill + LaneFunctions.MaskSlot);
        var text = new StringBuilder();
        for (int lane = 0; lane < lanes; lane++)
        {
            if (mask[lane] != 0) Append(text, format, argument => columns[argument][lane]);
        }
        lock (Writing) Console.Out.Write(text.ToString());
    }

    /// <summary>Writes the text of one thread.</summary>
    public static void WriteOne(int format, object[] arguments)
    {
        var text = new StringBuilder();
        Append(text, format, argument => arguments[argument]);
        lock (Writing) Console.Out.Write(text.ToString());
    }

    private static void Append(StringBuilder text, int format, Func<int, object> argument)
    {
        foreach (var expression in formats[format])
        {
            if (expression.HasArgument) text.AppendFormat(CultureInfo.InvariantCulture, "{0}", argument(expression.Argument));
            else text.Append(expression.String);
        }
    }
}
