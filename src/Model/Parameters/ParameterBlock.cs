using ILGPU;

namespace Engine.Model;

/// <summary>A contiguous part of the parameter arena: one matrix or vector as the kernels see it.</summary>
/// <param name="Length">Its elements.</param>
/// <param name="Decays">Whether weight decay applies (not to biases and layer norms).</param>
/// <param name="Trained">Whether training changes it.</param>
internal sealed record ParameterBlock(int Length, bool Decays, bool Trained)
{
    /// <summary>Its first element in the arena; set when the layout is complete.</summary>
    public int Offset { get; set; }

    /// <summary>The block within an arena of parameters, gradients or moments.</summary>
    public ArrayView<float> In(ArrayView<float> arena) => arena.SubView(Offset, Length);
}
