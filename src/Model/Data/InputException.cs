namespace Engine.Model.Data;

/// <summary>
/// Something that the user gave (a file, a column, a label, a folder) does not fit. The message is one line that says what is wrong, where,
/// what was expected and what to do; the command line prints it as it is and ends with exit code 2.
/// </summary>
/// <param name="message">The line for the user.</param>
/// <param name="innerException">What was caught, if anything.</param>
public sealed class InputException(string message, Exception? innerException = null) : Exception(message, innerException);
