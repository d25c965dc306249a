namespace Engine.Model;

/// <summary>
/// Something that the user can put right: a file that is missing, damaged or of another kind, or settings that do not fit together.
/// The message is one line that says what, where, what was expected and what to do.
/// </summary>
public sealed class ModelException : Exception
{
    /// <summary>Makes an exception with a message for the user.</summary>
    /// <param name="message">One line: what, where, what was expected, what to do.</param>
    public ModelException(string message)
        : base(OneLine(message))
    {
    }

    /// <summary>Makes an exception with a message for the user and the cause.</summary>
    /// <param name="message">One line: what, where, what was expected, what to do.</param>
    /// <param name="innerException">What brought it about.</param>
    public ModelException(string message, Exception innerException)
        : base(OneLine(message), innerException)
    {
    }

    // Messages quote names from files that nobody vouches for; what would move a terminal's cursor does not pass.
    private static string OneLine(string message) =>
        message.Any(char.IsControl) ? string.Concat(message.Select(c => char.IsControl(c) ? '?' : c)) : message;
}
