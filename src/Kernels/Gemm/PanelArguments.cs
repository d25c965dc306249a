namespace Engine.Kernels;

/// <summary>The sizes of one CPU-shaped matrix product, result [Rows, Columns] = left [Rows, Depth] x right [Depth, Columns].</summary>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Columns">Columns of the result.</param>
/// <param name="Depth">Length of the reduction.</param>
/// <param name="RowsPerGroup">Rows that a group works on.</param>
/// <param name="ColumnsPerGroup">Columns that a group works on.</param>
/// <param name="LeftInPlace">Not 0: whole tiles of the left operand are read where they are.</param>
/// <param name="Accumulate">Not 0: add to the result.</param>
/// <param name="HasBias">Not 0: add a bias to every row.</param>
/// <param name="FewRows">Not 0: a group has at most <see cref="FewRowsProduct.MaxRows"/> rows whole panels of columns and a reduction of whole vectors, and is computed by <see cref="FewRowsProduct"/>.</param>
internal readonly record struct PanelArguments(
    int Rows,
    int Columns,
    int Depth,
    int RowsPerGroup,
    int ColumnsPerGroup,
    int LeftInPlace,
    int Accumulate,
    int HasBias,
    int FewRows);
