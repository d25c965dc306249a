using ILGPU;
using ILGPU.Runtime;

namespace Engine.Compute.Tests.Runtime;

/// <summary>Kernels of the runtime's tests. What they compute does not matter where a recording compiler stands in.</summary>
public static class Kernels
{
    public static void Scale(ArrayView<float> x, ArrayView<float> y, float factor)
    {
        var i = Grid.GlobalIndex.X;
        if (i < x.Length)
        {
            y[i] = x[i] * factor;
        }
    }

    public static void TakeStructure(Mixed value, ArrayView<int> output) =>
        output[0] = value.Data[0] + value.Inner.Count + (int)value.Inner.Factor + value.First + (value.Flag == 1 ? 1 : 0);

    public static void Specialized(ArrayView<float> x, SpecializedValue<int> number, float factor) => x[0] = number * factor;

    public static void Implicit(Index2D index, ArrayView<int> x, int value) => x[index.X] = value + index.Y;

    public static void Dynamic(ArrayView<float> x)
    {
        var memory = SharedMemory.GetDynamic<float>();
        memory[0] = x[0];
        x[1] = memory[0];
    }

    public struct Inner
    {
        public float Factor;
        public short Count;
    }

    public struct Mixed
    {
        public byte First;
        public ArrayView<int> Data;
        public Inner Inner;
        public byte Flag;
    }
}
