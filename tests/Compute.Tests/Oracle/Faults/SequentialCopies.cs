using System.Reflection.Emit;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>Copies the merges of an edge one after the other, where the compiler reads all sources before it writes: a merge that is a source of another is lost.</summary>
internal sealed class SequentialCopies
{
    private readonly List<LocalBuilder> sources = [];
    private readonly List<(LocalBuilder Source, LocalBuilder Target)> copies = [];

    /// <summary>Holds copies back until the last of them is known.</summary>
    public void Rewrite(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Ending is not null && instruction is { Operand: LocalBuilder target } && instruction.Code == OpCodes.Stloc && sources.Count > 0)
        {
            copies.Insert(0, (sources[^1], target));
            sources.RemoveAt(sources.Count - 1);
            writer.Pass(OpCodes.Pop);
            return;
        }

        Copy(writer);
        if (instruction.Code == OpCodes.Ldloc)
        {
            sources.Add((LocalBuilder)instruction.Operand!);
        }
        else
        {
            sources.Clear();
        }

        writer.Pass(instruction);
    }

    private void Copy(FaultyWriter writer)
    {
        if (copies.Count == 0)
        {
            return;
        }

        // In that order in which a source is overwritten before it is read, if there is one.
        var overwritten = copies.Where((copy, place) => copies[..place].Any(earlier => earlier.Target == copy.Source)).Any();
        if (!overwritten)
        {
            copies.Reverse();
        }

        foreach (var (source, target) in copies)
        {
            writer.Pass(OpCodes.Ldloc, source);
            writer.Pass(OpCodes.Stloc, target);
        }

        if (copies.Count > 1)
        {
            writer.Changed();
        }

        copies.Clear();
        sources.Clear();
    }
}
