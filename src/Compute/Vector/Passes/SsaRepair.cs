using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>
/// Rebuilds SSA form for one variable that several blocks define: places phis where definitions meet. The graph must be complete. After Braun et al.,
/// "Simple and Efficient Construction of Static Single Assignment Form".
/// </summary>
internal sealed class SsaRepair(ScalarType type, Func<Value> undefined)
{
    private readonly Dictionary<Block, Value> atEnd = [];
    private readonly Dictionary<Block, Value> atStart = [];
    private readonly List<Value> phis = [];

    /// <summary>Phis that were made.</summary>
    public IReadOnlyList<Value> Phis => phis;

    /// <summary>States that the variable is <paramref name="value"/> at the end of <paramref name="block"/>.</summary>
    public void Define(Block block, Value value) => atEnd[block] = value;

    /// <summary>What the variable is at the end of a block.</summary>
    public Value ReadAtEnd(Block block) => atEnd.TryGetValue(block, out var value) ? value : ReadAtStart(block);

    /// <summary>What the variable is at the start of a block, before any definition there.</summary>
    public Value ReadAtStart(Block block)
    {
        // A long chain of single predecessors is walked, not recursed into.
        var chain = new List<Block>();
        Value? found = null;
        for (var at = block; found is null;)
        {
            if (atStart.TryGetValue(at, out found)) break;
            chain.Add(at);
            if (at.Predecessors.Count == 0)
            {
                found = undefined();
            }
            else if (at.Predecessors.Count > 1)
            {
                var phi = at.AddPhi(type);
                phis.Add(phi);
                atStart[at] = phi;
                phi.Operands = [.. at.Predecessors.Select(ReadAtEnd)];
                found = phi;
            }
            else if (!atEnd.TryGetValue(at.Predecessors[0], out found))
            {
                at = at.Predecessors[0];
            }
        }
        foreach (var passed in chain) atStart[passed] = found;
        return found;
    }
}
