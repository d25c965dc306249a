namespace Engine.Model.Conversion;

/// <summary>A source's tensors by what they become.</summary>
/// <param name="Source">The source.</param>
/// <param name="Tensors">By Hugging Face's names, without prefix: the tensor, and whether it is [in, out].</param>
/// <param name="Unmatched">Those that stand for nothing known.</param>
internal sealed record TensorMatch(
    SourceModel Source, IReadOnlyDictionary<string, (SourceVariable Variable, bool IsTransposed)> Tensors, IReadOnlyList<SourceVariable> Unmatched)
{
    /// <summary>Finds what each tensor stands for, by the surest of its names that says it.</summary>
    /// <exception cref="ModelException">Two tensors stand for the same.</exception>
    public static TensorMatch Of(SourceModel source)
    {
        var tensors = new Dictionary<string, (SourceVariable Variable, bool IsTransposed)>(StringComparer.Ordinal);
        var unmatched = new List<SourceVariable>();
        foreach (var variable in source.Variables)
        {
            TensorRole? found = null;
            for (int i = 0; i < variable.Names.Count && found is null; i++)
                found = source.Find(variable.Names[i]);
            if (found is not { } role)
            {
                unmatched.Add(variable);
            }
            else if (!tensors.TryAdd(role.Name, (variable, role.IsTransposed)))
            {
                throw new ModelException(
                    $"{source.Path}: tensors \"{tensors[role.Name].Variable.Key}\" and \"{variable.Key}\" would both become {role.Name}; expected one BERT");
            }
        }

        return new TensorMatch(source, tensors, unmatched);
    }

    /// <summary>Whether there is a tensor.</summary>
    public bool Has(string name) => Tensors.ContainsKey(name);

    /// <summary>The dimensions of a tensor in the source.</summary>
    /// <exception cref="ModelException">There is no such tensor.</exception>
    public IReadOnlyList<int> Shape(string name) => Get(name).Variable.Entry.Shape;

    /// <summary>A tensor and whether it is [in, out].</summary>
    /// <exception cref="ModelException">There is no such tensor.</exception>
    public (SourceVariable Variable, bool IsTransposed) Get(string name) =>
        Tensors.TryGetValue(name, out var found)
            ? found
            : throw new ModelException(
                $"{Source.Path}: nothing that becomes {name} was found among its {Source.Variables.Count} tensors{Some()}; the checkpoint is incomplete or no BERT");

    /// <summary>Plans a tensor under a name.</summary>
    /// <exception cref="ModelException">There is no such tensor, or it has another type or shape.</exception>
    public PlannedTensor Plan(string name, string target, IReadOnlyList<int> shape)
    {
        var (variable, isTransposed) = Get(name);
        return PlannedTensor.Make(Source.Path, target, shape, variable, isTransposed);
    }

    private string Some() => Source.Variables.Count == 0 ? "" : $" (\"{string.Join("\", \"", Source.Variables.Take(3).Select(variable => variable.Name))}\", ...)";
}
