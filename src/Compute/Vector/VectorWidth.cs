using System.Runtime.Intrinsics;

namespace Engine.Compute.Vector;

/// <summary>The vector widths of this machine.</summary>
internal static class VectorWidth
{
    /// <summary>Width that stands for running thread by thread, without vectors.</summary>
    public const int Scalar = 32;

    /// <summary>Gets the widest vectors that the processor computes with natively, in bits: 512, 256 or 128.</summary>
    public static int Widest => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    /// <summary>Resolves a width that a user asks for.</summary>
    /// <param name="requested">512, 256, 128, 32 to run thread by thread, or 0 for the widest.</param>
    /// <returns>The width in bits.</returns>
    /// <exception cref="ComputeException">The width does not exist or the processor lacks it.</exception>
    public static int Resolve(int requested)
    {
        if (requested is 0 or Scalar)
        {
            return requested == 0 ? Widest : Scalar;
        }

        return Known(requested) <= Widest
            ? requested
            : throw new ComputeException($"vector width {requested} is not possible on this machine: its processor has vectors of {Widest} bits; ask for {Widest} or less, or 0");
    }

    /// <summary>Checks a width for which code is made, but perhaps not run.</summary>
    /// <param name="requested">512, 256 or 128.</param>
    /// <returns>The same width.</returns>
    /// <exception cref="ComputeException">The width does not exist.</exception>
    public static int Known(int requested) => requested is 128 or 256 or 512
        ? requested
        : throw new ComputeException($"vector width {requested} is not possible: expected 512, 256 or 128 bits, 32 to run thread by thread, or 0 for the widest of this machine ({Widest})");
}
