namespace Engine.Compute;

/// <summary>A device that cannot be opened or used. The message is one line that says what, where, what was expected and what to do.</summary>
public class ComputeException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">One line for the user.</param>
    public ComputeException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    /// <param name="message">One line for the user.</param>
    /// <param name="innerException">The cause.</param>
    public ComputeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
