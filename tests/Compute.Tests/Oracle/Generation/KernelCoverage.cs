using System.Globalization;
using System.Text;
using Engine.Compute.Vector;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>What of the intermediate representation random kernels reach: operations, and forms of control flow.</summary>
/// <param name="accelerator">Compiles them.</param>
internal sealed class KernelCoverage(VectorAccelerator accelerator)
{
    private readonly SortedDictionary<Opcode, int> operations = [];
    private readonly SortedDictionary<ControlFlowForm, int> forms = [];
    private readonly SortedDictionary<string, int> accesses = new(StringComparer.Ordinal);
    private int halves;
    private int kernels;

    /// <summary>Gets the operations that no kernel has.</summary>
    public IEnumerable<Opcode> MissingOperations => Enum.GetValues<Opcode>().Except(operations.Keys);

    /// <summary>Gets the forms of control flow that no kernel has.</summary>
    public IEnumerable<ControlFlowForm> MissingForms => Enum.GetValues<ControlFlowForm>().Except(forms.Keys);

    /// <summary>Gets the loads and stores that kernels have, by the type in memory.</summary>
    public IEnumerable<string> Accesses => accesses.Keys;

    /// <summary>Gets how many kernels compute in half precision, which the representation has as integers of 16 bits.</summary>
    public int Halves => halves;

    /// <summary>Compiles the kernel of a seed for its group and counts what it has.</summary>
    /// <param name="seed">The seed.</param>
    public void Add(int seed)
    {
        var method = KernelGenerator.Generate(seed, new HashSet<int>(), out var source);
        halves += source.Contains("half", StringComparison.Ordinal) ? 1 : 0;
        var program = (VectorProgram)accelerator.CompileForDump(EntryPointDescription.FromExplicitlyGroupedKernel(method), TextWriter.Null);
        var group = KernelGenerator.GroupOf(seed);
        var (function, forest, lanes) = program.Optimize(new GroupShape(group.X, group.Y, group.Z));
        var shapes = new ShapeAnalysis(function, forest, new BlockLayout(function, forest), lanes);
        kernels++;

        // Before the passes too: what they take away was compiled as well.
        foreach (var operation in program.Prepared.Values.Concat(function.Values).SelectMany(value => value.Operands.Append(value)).Select(value => value.Op).Distinct())
        {
            operations[operation] = operations.GetValueOrDefault(operation) + 1;
        }

        foreach (var access in program.Prepared.Values.Concat(function.Values).Where(value => value.Op is Opcode.Load or Opcode.Store)
            .Select(value => value.Op == Opcode.Load ? $"Load {value.Type}" : $"Store {value.Operands[1].Type}").Distinct())
        {
            accesses[access] = accesses.GetValueOrDefault(access) + 1;
        }

        foreach (var form in ControlFlowForms.Of(program.Prepared, function, forest, lanes, shapes).Distinct())
        {
            forms[form] = forms.GetValueOrDefault(form) + 1;
        }
    }

    /// <summary>In how many kernels everything is found.</summary>
    public string Report()
    {
        var text = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"{kernels} kernels");
        foreach (var (form, count) in forms)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{count,5}  {form}");
        }

        foreach (var (operation, count) in operations)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{count,5}  {operation}");
        }

        foreach (var (access, count) in accesses)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{count,5}  {access}");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"{halves,5}  half precision");
        return text.AppendLine(CultureInfo.InvariantCulture, $"none: {string.Join(", ", MissingOperations)}").ToString();
    }
}
