using System.Text.RegularExpressions;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion.Verification;

/// <summary>
/// Finds a BERT's tensors in a source by what their names end with, in all the spellings that are about: <c>bert/encoder/layer_0/...</c>,
/// <c>transformer/layer_0/...</c>, <c>encoder.layer.0....</c>. These few patterns are deliberately apart from those of the conversion, which they check.
/// </summary>
/// <param name="source">The tensors.</param>
/// <param name="names">
/// A name that says what a tensor is, with the name under which the source stores it: the two differ where an object graph names the variables.
/// </param>
/// <param name="rounding">The type that elements are rounded to.</param>
internal sealed partial class ReferenceTensors(ITensorSource source, IEnumerable<KeyValuePair<string, string>> names, TensorType rounding)
{
    /// <summary>What the names of dense layers' matrices end with.</summary>
    public const string Kernel = "(kernel|weight|output_weights)";

    private readonly (string Name, string Key)[] _names =
    [
        .. names.Select(pair => (Name: pair.Key.Replace('.', '/'), Key: pair.Value)).OrderBy(pair => pair.Name.Length).ThenBy(pair => pair.Name, StringComparer.Ordinal),
    ];

    /// <summary>Whether there is a tensor whose name ends so.</summary>
    /// <param name="pattern">A regular expression for the last parts of the name, separated by <c>/</c>.</param>
    public bool Has(string pattern) => Key(pattern) is not null;

    /// <summary>The shape of the tensor whose name ends so; empty where there is none.</summary>
    /// <param name="pattern">As for <see cref="Has"/>.</param>
    public IReadOnlyList<int> ShapeOf(string pattern) => Key(pattern) is { } key ? source.Tensors[key].Shape : [];

    /// <summary>Reads the tensor whose name ends so; where several do, the one with the shortest name, as optimizers prefix the names of their slots.</summary>
    /// <param name="pattern">A regular expression for the last parts of the name, separated by <c>/</c>.</param>
    /// <exception cref="ModelException">There is none, it is damaged, or it holds no floats.</exception>
    public ReferenceTensor Read(string pattern)
    {
        string key = Key(pattern) ?? throw new ModelException(
            $"{source.Path}: has no tensor whose name ends with {pattern}; expected the weights of a BERT: convert without --verify");
        var entry = source.Tensors[key];
        if (entry.Type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.F64))
            throw new ModelException($"{source.Path}: tensor \"{key}\" has type {entry.TypeName}, expected F32, F16, BF16 or F64");
        var bytes = new byte[entry.ByteCount];
        source.Read(key, bytes);
        return new ReferenceTensor(entry, bytes, rounding);
    }

    /// <summary>Reads a vector.</summary>
    /// <param name="pattern">As for <see cref="Read"/>.</param>
    /// <param name="size">Its size; its shape may be anything: biases of rank-3 kernels are [heads, size].</param>
    /// <exception cref="ModelException">There is none, or it has another size.</exception>
    public double[] Vector(string pattern, int size)
    {
        var tensor = Read(pattern);
        return tensor.Count == size
            ? tensor.ToArray()
            : throw new ModelException($"{source.Path}: {tensor.Description} has {tensor.Count} elements, expected {size}");
    }

    /// <summary>Reads a dense layer. A <c>kernel</c> has its input axes first, a <c>weight</c> or <c>output_weights</c> its output axis.</summary>
    /// <param name="scope">A regular expression for the layer's name.</param>
    /// <param name="inputSize">The size of all its input axes together.</param>
    /// <exception cref="ModelException">There is none, or its shape is another.</exception>
    public ReferenceDense Dense(string scope, int inputSize)
    {
        string kernel = scope + "/kernel";
        bool inputFirst = Has(kernel);
        var tensor = Read(inputFirst ? kernel : scope + "/" + Kernel);
        int outputSize = tensor.Count / inputSize;
        if (!SplitsInto(tensor.Shape, inputFirst ? inputSize : outputSize, inputFirst ? outputSize : inputSize))
            throw new ModelException($"{source.Path}: {tensor.Description} is no dense layer with {inputSize} inputs");
        return new ReferenceDense(tensor, inputFirst, inputSize, Vector(scope + "/(bias|output_bias)", outputSize));
    }

    /// <summary>Reads a layer norm.</summary>
    /// <param name="scope">A regular expression for its name.</param>
    /// <param name="size">The width of the states.</param>
    /// <exception cref="ModelException">There is none, or its size is another.</exception>
    public ReferenceNorm Norm(string scope, int size) => new(Vector(scope + "/(gamma|weight)", size), Vector(scope + "/(beta|bias)", size));

    private static bool SplitsInto(IReadOnlyList<int> shape, int first, int second)
    {
        int product = 1;
        for (int axis = 0; axis < shape.Count; axis++)
        {
            if (product == first && shape.Skip(axis).Aggregate(1, (all, size) => all * size) == second)
                return true;
            product *= shape[axis];
        }

        return false;
    }

    /// <summary>The numbers that make names unique, and <c>:0</c>: "layer_norm_1/gamma" is one, "layer_1" is not.</summary>
    [GeneratedRegex(@"(?<!layer)_\d+(?=/|$|:)|:0$")]
    private static partial Regex Unique();

    private string? Key(string pattern)
    {
        var ending = new Regex($"(^|/)({pattern})$", RegexOptions.CultureInvariant);
        return _names.FirstOrDefault(pair => ending.IsMatch(pair.Name)).Key ?? _names.FirstOrDefault(pair => ending.IsMatch(Unique().Replace(pair.Name, ""))).Key;
    }
}
