using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Keeps the argument at which a function errs most.</summary>
internal sealed class WorstError(MathCase function, bool contracted)
{
    private double excess;
    private float argument;
    private float result;

    public void Add(float x, float y)
    {
        if (!function.Covers(x))
            return;
        double e = function.Excess(x, y, contracted);
        if (e > excess)
            (excess, argument, result) = (e, x, y);
    }

    public void Add(WorstError other)
    {
        if (other.excess > excess)
            (excess, argument, result) = (other.excess, other.argument, other.result);
    }

    public void Check() => Assert.True(
        excess <= 1,
        $"{function.Name}({argument:R}) is {result:R}, expected {function.Reference(argument):R}: {excess:F2} times the allowed error");
}
