namespace Engine.Compute.Vector.IR;

/// <summary>What an <see cref="Opcode.Assert"/> says when its condition does not hold.</summary>
/// <param name="Kind">What has gone wrong then.</param>
/// <param name="Message">The same in words.</param>
internal sealed record Assertion(KernelFaultKind Kind, string Message);
