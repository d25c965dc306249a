namespace Engine.Kernels.Tests;

/// <summary>Sizes of row kernels' tests: below, at and beyond every group size, and multiples of none.</summary>
internal static class RowCases
{
    /// <summary>
    /// Row lengths. ILGPU's CPU accelerator, which runs a few million operations per second, gets the shorter ones; GPUs, whose drivers
    /// take long to compile a variant for each, get fewer.
    /// </summary>
    public static int[] Columns(string device) => device switch
    {
        "ilgpu-cpu" => [1, 5, 17, 33, 127],
        "opencl" or "cuda" or TestDevices.Small or TestDevices.Card => [5, 127, 385],
        _ => [1, 5, 17, 31, 33, 127, 128, 384, 385],
    };

    /// <summary>Numbers of rows around <see cref="RowLaunch.RowsPerGroup"/> and the chunks of reductions.</summary>
    public static int[] Rows(string device) => device == "ilgpu-cpu" ? [1, 9] : [1, 8, 37];

    /// <summary>Matrices of each row length with each number of rows.</summary>
    public static IEnumerable<RowShape> Shapes(string device) =>
        from columns in Columns(device) from rows in Rows(device) select new RowShape(rows, columns);
}
