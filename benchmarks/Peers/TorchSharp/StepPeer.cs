using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Engine.Benchmarks.Peers;

/// <summary>
/// Steps on one batch of random tokens, every sequence of full length. Its commands:
/// <code>
/// step         a training step: forward, backward, clip, AdamW
/// forward N    N forward passes without dropout
/// memory       the process's peak working set in bytes
/// </code>
/// </summary>
internal sealed class StepPeer
{
    private readonly Bert model;
    private readonly AdamW optimizer;
    private readonly Tensor ids;
    private readonly Tensor mask;
    private readonly Tensor labels;

    /// <summary>Makes the model and the batch.</summary>
    /// <param name="layers">Layers.</param>
    /// <param name="hidden">Hidden size.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="sequence">Tokens of each.</param>
    public StepPeer(int layers, int hidden, int heads, long batch, long sequence)
    {
        model = new Bert(layers, hidden, heads, outputs: 2);
        ids = randint(0, 30522, [batch, sequence]);
        mask = zeros(batch, 1, 1, sequence);
        labels = randint(0, 2, [batch]);
        optimizer = optim.AdamW(model.parameters(), lr: 1e-5);
    }

    /// <summary>Does what a line of input asks for.</summary>
    /// <param name="words">The line's words.</param>
    /// <returns>The answer; null where there is no such command.</returns>
    public string? Answer(string[] words)
    {
        switch (words[0])
        {
            case "step":
                Step();
                return "done";
            case "forward":
                for (var pass = int.Parse(words[1], CultureInfo.InvariantCulture); pass > 0; pass--)
                    Forward();
                return "done";
            default:
                return null;
        }
    }

    private void Step()
    {
        model.train();
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var loss = F.cross_entropy(model.call(ids, mask), labels);
        loss.backward();
        nn.utils.clip_grad_norm_(model.parameters(), 1.0);
        optimizer.step();
    }

    private void Forward()
    {
        model.eval();
        using var scope = NewDisposeScope();
        using var withoutGradients = no_grad();
        _ = model.call(ids, mask);
    }
}
