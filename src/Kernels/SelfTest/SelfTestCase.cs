using Engine.Compute;

namespace Engine.Kernels;

/// <summary>One row of the self-test: an operation, the sizes that it is tried at, and the kernels that it launches.</summary>
/// <param name="Operation">What is checked.</param>
/// <param name="Sizes">The sizes, as the table shows them.</param>
/// <param name="Kernels">The kernels checked, by their names in <see cref="KernelCatalog"/>.</param>
/// <param name="Run">Launches it at every size and compares; a mismatch is thrown.</param>
internal sealed record SelfTestCase(string Operation, string Sizes, IReadOnlyList<string> Kernels, Action<ComputeDevice, Comparison> Run)
{
    /// <summary>Gets what says why a device cannot run it, from the device's limits: null where it can.</summary>
    public Func<ComputeDevice, string?> Obstacle { get; init; } = _ => null;

    /// <summary>Gets what says whether training or inference on a device launches these kernels, or there are others that take their place there.</summary>
    public Func<ComputeDevice, bool> IsNeeded { get; init; } = _ => true;

    /// <summary>Whether a text is a part of the name of the operation or of one of its kernels, without regard to case.</summary>
    public bool IsNamed(string text) => Kernels.Append(Operation).Any(name => name.Contains(text, StringComparison.OrdinalIgnoreCase));

    /// <summary>Makes a case of one check at several sizes.</summary>
    /// <typeparam name="TChecks">The operation's checks.</typeparam>
    /// <typeparam name="TSize">What a size is.</typeparam>
    /// <param name="operation">What is checked.</param>
    /// <param name="kernels">The kernels checked.</param>
    /// <param name="sizes">The sizes.</param>
    /// <param name="make">Makes the operation on a device.</param>
    /// <param name="check">Checks it at one size.</param>
    public static SelfTestCase Of<TChecks, TSize>(
        string operation, string[] kernels, TSize[] sizes, Func<ComputeDevice, Comparison, TChecks> make, Action<TChecks, TSize> check)
        where TChecks : OperationChecks =>
        new(operation, string.Join(", ", sizes), kernels, (device, comparison) =>
        {
            using var checks = make(device, comparison);
            foreach (var size in sizes)
            {
                comparison.Size = $"{size}";
                check(checks, size);
            }
        });
}
