namespace Engine.Benchmarks.SideBySide;

/// <summary>Which product of a linear layer.</summary>
internal enum GemmForm
{
    /// <summary>y [m, n] = x [m, k] w [k, n] + bias.</summary>
    Forward,

    /// <summary>dx [m, k] = dy [m, n] transpose(w).</summary>
    DataGradient,

    /// <summary>dw [k, n] = transpose(x) dy.</summary>
    WeightGradient,
}

/// <summary>One product of one of BERT's linear layers.</summary>
/// <param name="Form">Which product.</param>
/// <param name="Layer">Which layer.</param>
/// <param name="Tokens">Rows of the activations, m.</param>
/// <param name="Outputs">Output features, n.</param>
/// <param name="Inputs">Input features, k.</param>
internal sealed record BertProduct(GemmForm Form, string Layer, int Tokens, int Outputs, int Inputs)
{
    /// <summary>Gets the work of the product.</summary>
    public double FloatingPointOperations => 2.0 * Tokens * Outputs * Inputs;

    /// <summary>Gets the length of the left operand: x, or dy for the data gradient.</summary>
    public int LeftLength => Tokens * (Form == GemmForm.DataGradient ? Outputs : Inputs);

    /// <summary>Gets the length of the right operand: w, or dy for the weight gradient.</summary>
    public int RightLength => Outputs * (Form == GemmForm.WeightGradient ? Tokens : Inputs);

    /// <summary>Gets the length of the result: y, dx or dw.</summary>
    public int ResultLength => Form switch
    {
        GemmForm.Forward => Tokens * Outputs,
        GemmForm.DataGradient => Tokens * Inputs,
        _ => Inputs * Outputs,
    };

    /// <summary>Gets the model's hidden size: the narrower side of each of its layers.</summary>
    public int HiddenSize => Math.Min(Outputs, Inputs);

    /// <summary>Gets a name that says everything.</summary>
    public string Name => $"{Form} {Layer} m={Tokens} n={Outputs} k={Inputs}";

    /// <summary>Lists BERT's products: the four linear layers of a layer, hidden sizes of MiniLM-L6, BERT-base and BERT-Large, few, some and many tokens.</summary>
    /// <returns>108 shapes.</returns>
    public static IEnumerable<BertProduct> OfBert() =>
        from hidden in new[] { 384, 768, 1024 }
        from tokens in new[] { 33, 528, 1024 }
        from layer in new[]
        {
            (Name: "qkv", Outputs: 3 * hidden, Inputs: hidden),
            (Name: "attention-output", Outputs: hidden, Inputs: hidden),
            (Name: "ffn-in", Outputs: 4 * hidden, Inputs: hidden),
            (Name: "ffn-out", Outputs: hidden, Inputs: 4 * hidden),
        }
        from form in Enum.GetValues<GemmForm>()
        select new BertProduct(form, layer.Name, tokens, layer.Outputs, layer.Inputs);
}
