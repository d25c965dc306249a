namespace Engine.Compute;

/// <summary>In which order checked mode runs the groups of a launch and the threads of a group. A right kernel gives the same results in all of them.</summary>
public enum ThreadOrder
{
    /// <summary>By index, the first thread first.</summary>
    Normal,

    /// <summary>The last group and the last thread first.</summary>
    Reversed,

    /// <summary>In an order drawn from <see cref="ComputeDeviceOptions.ThreadOrderSeed"/>, another one for every group.</summary>
    Seeded,
}
