using Engine.Compute.Vector;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Tests.Runtime;

/// <summary>A compiler that keeps the IR it is given as text and runs a delegate for every group: the runtime's tests need no more.</summary>
internal sealed class RecordingCompiler(GroupEntry entry) : IVectorCompiler
{
    public string Ir { get; private set; } = string.Empty;

    public KernelParameterLayout? Layout { get; private set; }

    public int SharedMemoryBytes { get; private set; }

    public int ScratchBytes { get; init; }

    public List<GroupShape> Shapes { get; } = [];

    public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options)
    {
        using var writer = new StringWriter();
        foreach (var method in source.Methods)
        {
            method.Dump(writer);
        }

        Ir = writer.ToString();
        Layout = layout;
        SharedMemoryBytes = source.SharedMemoryBytes;
        return new Program(this);
    }

    private sealed class Program(RecordingCompiler compiler) : IVectorProgram
    {
        public int SharedMemoryBytes => compiler.SharedMemoryBytes;

        public VectorCode Specialize(GroupShape shape)
        {
            lock (compiler.Shapes)
            {
                compiler.Shapes.Add(shape);
            }

            return new VectorCode(compiler.Entry, compiler.ScratchBytes);
        }
    }

    private GroupEntry Entry { get; } = entry;
}

/// <summary>A compiler for tests that load no kernel.</summary>
internal sealed class IdleCompiler : IVectorCompiler
{
    public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options) =>
        throw new NotSupportedException("this test loads no kernel");
}
