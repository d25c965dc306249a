using ILGPU.IR;

namespace Engine.Compute.Vector;

/// <summary>
/// The IR of one kernel as ILGPU's optimizer leaves it: what ILGPU's <c>BackendContext</c>, a nested type that only a back end may
/// name, says about a kernel. Valid during <see cref="IVectorCompiler.Import"/> only.
/// </summary>
/// <param name="KernelMethod">The kernel.</param>
/// <param name="Methods">All methods that are reachable from it, itself included: usually itself alone, everything else is inlined.</param>
/// <param name="SharedMemoryBytes">Static shared memory in bytes, as ILGPU adds it up.</param>
/// <param name="HasDynamicSharedMemory">Whether the kernel names dynamic shared memory.</param>
/// <param name="KeepsAssertions">Whether assertions are kept, so that lines of the source are needed.</param>
internal sealed record KernelSource(Method KernelMethod, IReadOnlyList<Method> Methods, int SharedMemoryBytes, bool HasDynamicSharedMemory, bool KeepsAssertions);
