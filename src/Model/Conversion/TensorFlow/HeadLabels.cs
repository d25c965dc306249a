using System.Globalization;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>Names for the classes of heads whose checkpoints have none.</summary>
internal static class HeadLabels
{
    /// <summary><c>0</c>, <c>1</c> and so on.</summary>
    public static IReadOnlyList<string> Numbered(int classes) =>
        [.. Enumerable.Range(0, classes).Select(i => i.ToString(CultureInfo.InvariantCulture))];
}
