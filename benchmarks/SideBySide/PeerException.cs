namespace Engine.Benchmarks.SideBySide;

/// <summary>A peer that cannot be started, or that stopped. The message is one line for the user.</summary>
internal sealed class PeerException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What, where, what was expected and what to do.</param>
    public PeerException(string message)
        : base(message)
    {
    }
}
