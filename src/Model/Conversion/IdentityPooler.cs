using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion;

/// <summary>Tells poolers that were never trained: those of google/experts/bert are the identity matrix (their model cards say so).</summary>
internal static class IdentityPooler
{
    /// <summary>Whether a pooler's weight is the identity.</summary>
    /// <param name="source">The source.</param>
    /// <param name="weight">The weight, [hidden, hidden].</param>
    /// <exception cref="ModelException">It is damaged.</exception>
    public static bool Is(ITensorSource source, PlannedTensor weight)
    {
        var entry = weight.From.Entry;
        var bytes = new byte[entry.ByteCount];
        source.Read(entry.Name, bytes);
        var values = new float[entry.Count];
        TensorElements.Widen(bytes, entry.Type, values);
        int hidden = weight.Shape[0];
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] != (i / hidden == i % hidden ? 1f : 0f))
                return false;
        }

        return true;
    }
}
