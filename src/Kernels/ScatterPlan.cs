using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// The order of a deterministic scatter-add: tokens sorted by the table row that they add to (ties in token order), each row's run
/// cut into pieces of at most <see cref="TokensPerPiece"/> tokens, so that a row that every token shares is not one thread's work.
/// </summary>
internal sealed class ScatterPlan(ComputeDevice device) : IDisposable
{
    /// <summary>The longest piece.</summary>
    public const int TokensPerPiece = 32;

    /// <summary>Integers of one piece: table row, first and last + 1 place in the order, slot of its partial sum or -1.</summary>
    public const int PieceFields = 4;

    /// <summary>Integers of one row of several pieces: table row, first and last + 1 slot.</summary>
    public const int SplitRowFields = 3;

    private readonly DeviceScratch<int> deviceInts = new(device);
    private ulong[] keys = [];
    private int[] ints = [];
    private int[] distinct = [];
    private int distinctCount;
    private int tokens;

    /// <summary>The number of tokens.</summary>
    public int TokenCount => tokens;

    /// <summary>The number of pieces.</summary>
    public int PieceCount { get; private set; }

    /// <summary>The number of partial sums that pieces leave.</summary>
    public int PartialCount { get; private set; }

    /// <summary>The number of rows that have several pieces.</summary>
    public int SplitRowCount { get; private set; }

    /// <summary>The table rows that tokens add to, ascending, on the host.</summary>
    public ReadOnlySpan<int> DistinctRows => distinct.AsSpan(0, distinctCount);

    /// <summary>[tokens]: token numbers, sorted by table row.</summary>
    public ArrayView<int> Order { get; private set; }

    /// <summary>[pieces, <see cref="PieceFields"/>].</summary>
    public ArrayView<int> Pieces { get; private set; }

    /// <summary>[split rows, <see cref="SplitRowFields"/>].</summary>
    public ArrayView<int> SplitRows { get; private set; }

    /// <summary>The most partial sums that a batch of this many tokens can leave.</summary>
    public static int MaxPartials(int tokens) => (tokens + TokensPerPiece - 1) / TokensPerPiece + tokens / TokensPerPiece;

    /// <summary>Makes room for batches of up to this many tokens.</summary>
    public void Reserve(int maxTokens)
    {
        // Order, at most one piece a token, and split rows of more than TokensPerPiece tokens each.
        int length = Math.Max(1, maxTokens + maxTokens * PieceFields + (maxTokens / TokensPerPiece + 1) * SplitRowFields);
        if (ints.Length < length)
        {
            ints = new int[length];
            keys = new ulong[maxTokens];
            distinct = new int[maxTokens];
        }

        deviceInts.Take(ints.Length);
    }

    /// <summary>Makes the plan of a batch and uploads it.</summary>
    /// <param name="rows">Each token's table row, not negative.</param>
    public void Upload(ReadOnlySpan<int> rows)
    {
        Reserve(rows.Length);
        tokens = rows.Length;
        for (int i = 0; i < tokens; i++)
            keys[i] = ((ulong)(uint)rows[i] << 32) | (uint)i;
        Array.Sort(keys, 0, tokens);
        for (int i = 0; i < tokens; i++)
            ints[i] = (int)(uint)keys[i];

        int pieceStart = tokens;
        int splitStart = CutPieces(pieceStart);
        int end = ListSplitRows(pieceStart, splitStart);

        var view = deviceInts.Take(ints.Length);
        if (end > 0)
            view.SubView(0, end).CopyFromCPU(device.Stream, new ReadOnlySpan<int>(ints, 0, end));
        Order = view.SubView(0, tokens);
        Pieces = view.SubView(pieceStart, splitStart - pieceStart);
        SplitRows = view.SubView(splitStart, end - splitStart);
    }

    /// <inheritdoc/>
    public void Dispose() => deviceInts.Dispose();

    private int RowAt(int place) => (int)(keys[place] >> 32);

    private int CutPieces(int position)
    {
        PieceCount = 0;
        PartialCount = 0;
        distinctCount = 0;
        for (int begin = 0; begin < tokens;)
        {
            int row = RowAt(begin);
            distinct[distinctCount++] = row;
            int end = begin + 1;
            while (end < tokens && RowAt(end) == row)
                end++;
            bool split = end - begin > TokensPerPiece;
            for (; begin < end; begin += TokensPerPiece)
            {
                ints[position++] = row;
                ints[position++] = begin;
                ints[position++] = Math.Min(begin + TokensPerPiece, end);
                ints[position++] = split ? PartialCount++ : -1;
                PieceCount++;
            }

            begin = end;
        }

        return position;
    }

    private int ListSplitRows(int pieceStart, int position)
    {
        SplitRowCount = 0;
        for (int piece = 0; piece < PieceCount;)
        {
            int row = ints[pieceStart + piece * PieceFields];
            int firstSlot = ints[pieceStart + piece * PieceFields + 3];
            int next = piece + 1;
            while (next < PieceCount && ints[pieceStart + next * PieceFields] == row)
                next++;
            if (firstSlot >= 0)
            {
                ints[position++] = row;
                ints[position++] = firstSlot;
                ints[position++] = firstSlot + (next - piece);
                SplitRowCount++;
            }

            piece = next;
        }

        return position;
    }
}
