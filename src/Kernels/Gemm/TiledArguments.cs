namespace Engine.Kernels;

/// <summary>The sizes of one GPU-shaped matrix product, result [Rows, Columns] = left [Rows, Depth] x right [Depth, Columns].</summary>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Columns">Columns of the result.</param>
/// <param name="Depth">Length of the reduction.</param>
/// <param name="Accumulate">Not 0: add to the result.</param>
/// <param name="HasBias">Not 0: add a bias to every row.</param>
internal readonly record struct TiledArguments(int Rows, int Columns, int Depth, int Accumulate, int HasBias);
