using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.Archives;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Tests.Checkpoints.Archives;
using Engine.Model.Tests.Data;
using Engine.Shared;
using IronSnappy;
using Xunit;

namespace Engine.Model.Tests.Fuzzing;

/// <summary>
/// Hostile files have right checksums. What lies behind them is changed by chance here and the checksums are made to fit: the answer is a result or one line
/// for the user, with bounded memory.
/// </summary>
public sealed class BehindChecksumTests : IDisposable
{
    private const int Cases = 300;
    private const long MaxAllocatedBytes = 64 << 20;

    private readonly TemporaryFolder folder = new();

    private string Prefix => folder.File("model.ckpt");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Blocks_of_an_index(bool isCompressed)
    {
        string fixture = Fixtures.At("checkpoints", "tf1", "bert_model.ckpt");
        var entries = SortedTable.Read(fixture, File.ReadAllBytes(fixture + ".index")).Select(e => (e.Key, e.Value.ToArray())).ToArray();
        byte[] table = SortedTableWriter.Write(entries, isCompressed: false);

        // The one block lies at the start, and behind it its kind and its checksum.
        byte[] plain = table[..(table.AsSpan().IndexOf(SealOf(table)) - 1)];
        byte[] stored = isCompressed ? Snappy.Encode(plain) : plain;
        File.Copy(fixture + ".data-00000-of-00001", Prefix + ".data-00000-of-00001");
        Run(random =>
        {
            byte[] changed = new Mutator(random).Change(stored, isText: false);
            File.WriteAllBytes(Prefix + ".index", DamagedTables.Of([.. changed, (byte)(isCompressed ? 1 : 0)]));
            TensorBundle.Open(Prefix).Dispose();
        });
    }

    [Theory]
    [InlineData("hub-v4", "variables", "variables")]
    [InlineData("garden", "bert_model.ckpt-1")]
    public void The_objects_of_a_checkpoint(params string[] place)
    {
        using var original = TensorBundle.Open(Fixtures.At(["checkpoints", .. place]));
        byte[] graph = original.ReadStrings(TrackableGraph.TensorName)[0];
        string saved = Fixtures.At("checkpoints", place[0], SavedModel.FileName);
        var model = File.Exists(saved) ? SavedModel.Read(saved) : null;
        Run(random =>
        {
            using (var writer = new BundleWriter(Prefix))
            {
                writer.AddStrings(TrackableGraph.TensorName, [], new Mutator(random).Change(graph, isText: false));
                foreach (var tensor in original.Tensors.Values.Where(t => t.Type != TensorType.String))
                    writer.Add(tensor.Name, NumberOf(tensor.Type), [.. tensor.Shape], new byte[tensor.ByteCount]);
                writer.Finish();
            }

            using var bundle = TensorBundle.Open(Prefix);
            CheckpointObjects.Read(bundle, model);
        });
    }

    [Fact]
    public void The_files_in_a_compressed_archive()
    {
        byte[] tar = Archives.Tar([("m/vocab.txt", new byte[700]), ("m/a/very/long/name/" + new string('x', 200) + ".txt", new byte[10])]);
        string path = folder.File("model.tar.gz");
        Run(random =>
        {
            File.WriteAllBytes(path, Archives.GZip(new Mutator(random).Change(tar, isText: false)));
            ExtractedArchive.Open(path, folder.Path, CancellationToken.None).Dispose();
        });
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    public void Dispose() => folder.Dispose();

    private static void Run(Action<Random> action)
    {
        int refused = 0;
        for (int seed = 0; seed < Cases; seed++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                action(new Random(seed));
            }
            catch (ModelException exception)
            {
                refused++;
                Assert.DoesNotContain(exception.Message, char.IsControl);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed} is no error for the user: {exception}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocatedBytes);
        }

        Assert.InRange(refused, Cases / 10, Cases - 1);
    }

    /// <summary>TensorFlow's number of a type that these checkpoints have.</summary>
    private static int NumberOf(TensorType type) => type switch { TensorType.F32 => 1, TensorType.I64 => 9, _ => 10 };

    private static byte[] SealOf(byte[] table)
    {
        for (int length = 1; length < table.Length - 4; length++)
        {
            byte[] seal = BitConverter.GetBytes(SortedTableWriter.Checksum(table.AsSpan(0, length)));
            if (table.AsSpan(length).StartsWith(seal))
                return seal;
        }

        throw new InvalidDataException("the table has no block at its start");
    }
}
