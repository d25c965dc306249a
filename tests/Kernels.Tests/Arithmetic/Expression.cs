namespace Engine.Kernels.Tests.Arithmetic;

/// <summary>What is known of a value on the stack: a constant, an operation on others, or nothing.</summary>
/// <param name="Constant">A number: an int, a long, a float or a double.</param>
/// <param name="Operation">add, sub, mul, the name of a conversion, or null.</param>
/// <param name="Left">First operand of an operation, the only one of a conversion.</param>
/// <param name="Right">Second operand of an operation.</param>
internal sealed record Expression(object? Constant = null, string? Operation = null, Expression? Left = null, Expression? Right = null)
{
    public static Expression Unknown { get; } = new();

    public bool IsConstant => Constant is not null;

    public bool IsFloatConstant => Constant is float or double;

    public bool IsFloatZero => Constant is 0f or 0d;

    /// <summary>Gets whether it is an integer of the form 2^k, k from 1 on, or its negative.</summary>
    public bool IsPowerOfTwo => Constant is int or long && Math.Abs(Convert.ToInt64(Constant, null)) is > 1 and var number && (number & (number - 1)) == 0;

    /// <summary>Gets whether it is an operation one of whose operands is a constant of floats.</summary>
    public bool HasFloatConstant => Right is not null && (Left!.IsFloatConstant || Right.IsFloatConstant);

    /// <summary>Names the form of arithmetic that ILGPU's IR builder makes another one of; null where there is none.</summary>
    /// <param name="operation">Name of the IL instruction.</param>
    /// <param name="left">Its first operand.</param>
    /// <param name="right">Its second operand.</param>
    public static string? ChangedForm(string operation, Expression left, Expression right) => operation switch
    {
        _ when left.IsConstant && right.IsConstant => null,
        "div" or "div.un" when right.IsPowerOfTwo => "a division by a power of two",
        "add" when left.IsFloatZero || right.IsFloatZero => "a sum with zero",
        "sub" when left.IsFloatZero => "a difference from zero",
        "add" or "mul" or "sub" when (right.IsFloatConstant && left.Operation == operation && left.HasFloatConstant)
            || (left.IsFloatConstant && right.Operation == operation && right.HasFloatConstant) => "an operation with two constants",
        ['c' or 'b', 'l' or 'g', ..] when left.IsFloatConstant => "a constant on the left of a comparison",
        _ => null,
    };

    /// <summary>Names the form that a conversion makes of what is one already, where the builder forgets the signedness of the second; null where there is none.</summary>
    /// <param name="conversion">Name of the IL instruction.</param>
    /// <param name="operand">What it converts.</param>
    public static string? ChangedConversion(string conversion, Expression operand) => (operand.Operation, conversion) switch
    {
        ("conv.i1" or "conv.i2" or "conv.i4", "conv.u8" or "conv.r.un") => "an unsigned extension of a conversion",
        ("conv.u4", "conv.i8" or "conv.r4" or "conv.r8") => "a signed extension of an unsigned conversion",
        ("conv.i1", "conv.u1") or ("conv.u1", "conv.i1") or ("conv.i2", "conv.u2") or ("conv.u2", "conv.i2") => "a conversion to the other sign",
        _ => null,
    };
}
