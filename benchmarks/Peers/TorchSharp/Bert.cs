using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Engine.Benchmarks.Peers;

/// <summary>A BERT encoder with a classifier on its first state, as one writes it in TorchSharp. Weights are random until they are loaded.</summary>
internal sealed class Bert : nn.Module<Tensor, Tensor, Tensor>
{
    private const int VocabularySize = 30522;
    private readonly Embedding words;
    private readonly Embedding positions;
    private readonly Embedding segments;
    private readonly LayerNorm norm;
    private readonly ModuleList<BertLayer> layers;
    private readonly Linear head;

    /// <summary>Makes the model.</summary>
    /// <param name="count">Layers.</param>
    /// <param name="hidden">Hidden size.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="outputs">Logits.</param>
    public Bert(int count, int hidden, int heads, int outputs)
        : base("bert")
    {
        words = nn.Embedding(VocabularySize, hidden);
        positions = nn.Embedding(512, hidden);
        segments = nn.Embedding(2, hidden);
        norm = nn.LayerNorm(hidden, 1e-12);
        layers = nn.ModuleList(Enumerable.Range(0, count).Select(_ => new BertLayer(hidden, heads)).ToArray());
        head = nn.Linear(hidden, outputs);
        RegisterComponents();
    }

    /// <summary>Returns the logits; every token is of the first segment.</summary>
    /// <param name="input1">Token ids [batch, sequence].</param>
    /// <param name="input2">What is added to attention scores [batch, 1, 1, sequence]: 0 for tokens, -10,000 for padding.</param>
    /// <returns>Logits [batch, outputs].</returns>
    public override Tensor forward(Tensor input1, Tensor input2)
    {
        var state = norm.call(words.call(input1) + positions.call(arange(input1.shape[1])) + segments.call(zeros_like(input1)));
        foreach (var layer in layers)
            state = layer.call(state, input2);
        return head.call(state[.., 0]);
    }
}

/// <summary>One layer of the encoder.</summary>
internal sealed class BertLayer : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly int heads;
    private readonly Linear query;
    private readonly Linear key;
    private readonly Linear value;
    private readonly Linear output;
    private readonly Linear intermediate;
    private readonly Linear final;
    private readonly LayerNorm attentionNorm;
    private readonly LayerNorm finalNorm;
    private readonly Dropout dropout;

    /// <summary>Makes the layer.</summary>
    /// <param name="hidden">Hidden size.</param>
    /// <param name="heads">Attention heads.</param>
    public BertLayer(int hidden, int heads)
        : base("layer")
    {
        this.heads = heads;
        query = nn.Linear(hidden, hidden);
        key = nn.Linear(hidden, hidden);
        value = nn.Linear(hidden, hidden);
        output = nn.Linear(hidden, hidden);
        intermediate = nn.Linear(hidden, 4 * hidden);
        final = nn.Linear(4 * hidden, hidden);
        attentionNorm = nn.LayerNorm(hidden, 1e-12);
        finalNorm = nn.LayerNorm(hidden, 1e-12);
        dropout = nn.Dropout(0.1);
        RegisterComponents();
    }

    /// <summary>Returns the layer's output.</summary>
    /// <param name="input1">State [batch, sequence, hidden].</param>
    /// <param name="input2">What is added to attention scores.</param>
    /// <returns>State [batch, sequence, hidden].</returns>
    public override Tensor forward(Tensor input1, Tensor input2)
    {
        long batch = input1.shape[0], sequence = input1.shape[1], hidden = input1.shape[2];
        Tensor Split(Tensor rows) => rows.view(batch, sequence, heads, hidden / heads).transpose(1, 2);

        var scores = (Split(query.call(input1)).matmul(Split(key.call(input1)).transpose(-1, -2)) / Math.Sqrt(hidden / heads)) + input2;
        var context = dropout.call(scores.softmax(-1)).matmul(Split(value.call(input1))).transpose(1, 2).reshape(batch, sequence, hidden);
        var attended = attentionNorm.call(input1 + dropout.call(output.call(context)));
        return finalNorm.call(attended + dropout.call(final.call(F.gelu(intermediate.call(attended)))));
    }
}
