namespace Engine.Kernels;

/// <summary>A kernel's result that is not what its reference says.</summary>
/// <param name="Size">The size at which it was seen; empty where the check has one only.</param>
/// <param name="Element">The first wrong element, with the name of the result: <c>dx[17]</c>.</param>
/// <param name="Got">What the device left there.</param>
/// <param name="Expected">What the reference says.</param>
/// <param name="Allowed">How far the two may be apart.</param>
/// <param name="Wrong">How many elements of this result are wrong.</param>
/// <param name="Elements">Of how many.</param>
internal sealed record Mismatch(string Size, string Element, double Got, double Expected, double Allowed, int Wrong, int Elements)
{
    /// <summary>The element, got and expected, in a few words.</summary>
    public string Short => $"{(Size.Length > 0 ? Size + ": " : string.Empty)}{Element} is {(float)Got:R}, expected {(float)Expected:R}";

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Short}; error {Math.Abs(Got - Expected):E2}, allowed {Allowed:E2}; {Wrong} of {Elements} elements are wrong";
}

/// <summary>Thrown where a result of a kernel is wrong.</summary>
internal sealed class KernelMismatchException(Mismatch mismatch) : Exception(mismatch.ToString())
{
    /// <summary>Gets what is wrong.</summary>
    public Mismatch Mismatch { get; } = mismatch;
}
