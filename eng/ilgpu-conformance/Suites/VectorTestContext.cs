using System;
using Engine.Compute;
using ILGPU.Runtime.CPU;
using Xunit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace ILGPU.Tests.Vector
{
    /// <summary>The suites' context for the vector CPU. ENGINE_VECTOR_BITS chooses the width: 512, 256, 128, 32 for thread by thread, or nothing for the widest.</summary>
    public abstract class VectorTestContext : TestContext
    {
        protected VectorTestContext(OptimizationLevel level)
            : base(level, builder => builder.CPU().Assertions().EnableAlgorithms(), context => context.CreateVectorCpuAccelerator(Options()))
        {
        }

        private static ComputeDeviceOptions Options() => new()
        {
            VectorBits = int.TryParse(Environment.GetEnvironmentVariable("ENGINE_VECTOR_BITS"), out int bits) ? bits : 0,
            Contraction = false,
        };
    }
}
