using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Engine.Benchmarks.Peers;

/// <summary>
/// Trains on the padded batches that it was given, with a logistic function on the first state. Its commands (lists have commas):
/// <code>
/// batch IDS MASK LABELS    takes a batch: ids and mask (1: token, 0: padding) row by row, one label (0, 1) a row
/// check I                  without dropout, batch I (from 0): the gradients' norm, then each row's loss as base64 of float32
/// train N                  a training step on each of the first N batches: forward, backward, clip, AdamW
/// memory                   the process's peak working set in bytes
/// </code>
/// </summary>
internal sealed class EpochPeer
{
    /// <summary>What BERT's authors add to the score of padding: its probability becomes exactly 0.</summary>
    private const float PaddingScore = -10_000f;

    private readonly Bert model;
    private readonly AdamW optimizer;
    private readonly List<(Tensor Ids, Tensor Mask, Tensor Labels)> batches = [];

    /// <summary>Loads the model.</summary>
    /// <param name="file">Its weights: a safetensors file of float32 with Hugging Face's names.</param>
    /// <param name="heads">Attention heads.</param>
    public EpochPeer(string file, int heads)
    {
        model = Weights.Load(file, heads);
        optimizer = optim.AdamW(model.parameters(), lr: 1e-5);
    }

    /// <summary>Does what a line of input asks for.</summary>
    /// <param name="words">The line's words.</param>
    /// <returns>The answer; null where there is no such command.</returns>
    public string? Answer(string[] words)
    {
        switch (words[0])
        {
            case "batch":
                Add(Numbers(words[1]), Numbers(words[2]), Numbers(words[3]));
                return "done";
            case "check":
                return Check(int.Parse(words[1], CultureInfo.InvariantCulture));
            case "train":
                foreach (var batch in batches.Take(int.Parse(words[1], CultureInfo.InvariantCulture)))
                    Step(batch.Ids, batch.Mask, batch.Labels);
                return "done";
            default:
                return null;
        }
    }

    private static long[] Numbers(string list) => [.. list.Split(',').Select(text => long.Parse(text, CultureInfo.InvariantCulture))];

    private void Add(long[] ids, long[] mask, long[] labels)
    {
        long rows = labels.Length, width = ids.Length / rows;
        using var scope = NewDisposeScope();
        var tokens = tensor(mask, [rows, 1, 1, width], dtype: float32);
        batches.Add((
            tensor(ids, [rows, width]).MoveToOuterDisposeScope(),
            ((1 - tokens) * PaddingScore).MoveToOuterDisposeScope(),
            tensor(labels, dtype: float32).MoveToOuterDisposeScope()));
    }

    private string Check(int index)
    {
        model.eval();
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var losses = F.binary_cross_entropy_with_logits(model.call(batches[index].Ids, batches[index].Mask)[.., 0], batches[index].Labels, reduction: nn.Reduction.None);
        losses.mean().backward();
        var norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0);
        return $"{norm.ToString("R", CultureInfo.InvariantCulture)} {Convert.ToBase64String(MemoryMarshal.AsBytes(losses.data<float>().ToArray().AsSpan()))}";
    }

    private void Step(Tensor ids, Tensor mask, Tensor labels)
    {
        model.train();
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var loss = F.binary_cross_entropy_with_logits(model.call(ids, mask)[.., 0], labels);
        loss.backward();
        nn.utils.clip_grad_norm_(model.parameters(), 1.0);
        optimizer.step();
    }
}
