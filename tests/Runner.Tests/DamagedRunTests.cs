using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Folders of stopped runs that are damaged: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class DamagedRunTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Records_and_checkpoints()
    {
        string run = _folder.File("run"), train = _folder.Write("train.csv", SmallTask.Csv(40));
        Assert.Equal(CommandLine.Stopped, CommandRun.StoppedAt("epoch 1/3", ["train", "--train", train, .. SmallTask.Options("--epochs", "3"), "--out", run]).Code);
        bool isTold = false;
        string checkpoints = Path.Combine(run, "checkpoints"), record = Path.Combine(checkpoints, "run.json");
        string last = Directory.GetDirectories(checkpoints, "step-*").Max(StringComparer.Ordinal)!;
        string state = Path.Combine(last, "state.safetensors"), checkpoint = Path.Combine(last, "checkpoint.json");

        Altered(record, bytes => bytes[..^20], $"{record}: carries no hash at its end, expected the record of a training run; it was cut short, or is another file");
        Altered(record, bytes => Changed(bytes, "0.003", "0.004"), $"{record}: has the xxh128 ", "as it says itself; it was altered");
        Altered(record, _ => null, $"{record}: cannot be read (");
        string none = $"{run}: no checkpoint of the run is intact (";
        Altered(state, bytes => bytes[..^1], none, $"{state}: has ", "as checkpoint.json says; it was cut short or altered", "start a new run with --out");
        Altered(state, bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)], none, $"{state}: has the xxh128 ", "as checkpoint.json says; it was altered");
        Altered(state, _ => null, none, $"{state}: cannot be read (");
        Altered(checkpoint, bytes => bytes[..^20], none, $"{checkpoint}: carries no hash at its end, expected the record of a checkpoint");
        Altered(checkpoint, _ => null, none, $"{checkpoint}: cannot be read (");

        // Of another version of the program: a name that this one does not know, under a hash that is right.
        Altered(record, bytes => Sealed(bytes, text => text.Replace("{", "{\"unknown\": 1,", StringComparison.Ordinal)), $"{record}: cannot be read as the record of a training run (", "it is of another version of this program");
        Altered(record, bytes => Sealed(bytes, text => text.Replace("\"--epochs\"", "\"--epoch-number\"", StringComparison.Ordinal)), "--epoch-number", "the run's record holds an option of another version of this program");
        // Arrays of another model or type, under hashes that are right.
        isTold = true;
        ArraysAltered("\"parameters\"", "\"parameterz\"", $"{state}: tensor \"parameters\" is missing, expected", "elements of this model");
        ArraysAltered("\"dtype\":\"F32\"", "\"dtype\":\"I32\"", $"{state}: tensor ", "has type I32, expected F32, F16, BF16 or F64");
        ArraysAltered("\"validation.1.losses\"", "\"validation.1.lossez\"", $"{state}: tensor \"validation.1.losses\" is missing");
        // The device and the model are told of before the checkpoint is opened.
        Altered(checkpoint, bytes => Sealed(bytes, text => text.Replace("\"order\": \"", "\"order\": \"0", StringComparison.Ordinal)), "the order of the rows of epoch", "is another one now; continue the run with the version of this program that started it");
        Assert.Equal(0, CommandRun.Of("train", "--resume", run).Code);

        void ArraysAltered(string part, string other, params string[] expected)
        {
            byte[] arrays = File.ReadAllBytes(state);
            int length = BinaryPrimitives.ReadInt32LittleEndian(arrays);
            string header = Encoding.UTF8.GetString(arrays, 8, length);
            Assert.Contains(part, header, StringComparison.Ordinal);
            byte[] altered = [.. arrays[..8], .. Encoding.UTF8.GetBytes(header.Replace(part, other, StringComparison.Ordinal)), .. arrays[(8 + length)..]];
            File.WriteAllBytes(state, altered);
            string before = Convert.ToHexStringLower(XxHash128.Hash(arrays)), after = Convert.ToHexStringLower(XxHash128.Hash(altered));
            Altered(checkpoint, bytes => Sealed(bytes, text => text.Replace(before, after, StringComparison.Ordinal)), expected);
            File.WriteAllBytes(state, arrays);
        }

        void Altered(string file, Func<byte[], byte[]?> alter, params string[] expected)
        {
            byte[] content = File.ReadAllBytes(file);
            if (alter(content) is { } altered)
                File.WriteAllBytes(file, altered);
            else
                File.Delete(file);
            _folder.AssertUntouched(() =>
            {
                CommandRun resumed = CommandRun.Of("train", "--resume", run);
                if (isTold)
                    resumed.AssertEndedByBadInput(expected);
                else
                    resumed.AssertBadInput(expected);
            });
            File.WriteAllBytes(file, content);
        }
    }

    private static byte[] Changed(byte[] bytes, string part, string other)
    {
        string text = Encoding.UTF8.GetString(bytes);
        Assert.Contains(part, text, StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text.Replace(part, other, StringComparison.Ordinal));
    }

    /// <summary>Changes a record and gives it the hash that it then has.</summary>
    private static byte[] Sealed(byte[] bytes, Func<string, string> change)
    {
        const string Opening = "\"xxh128\": \"";
        const int Digits = 32;
        string text = Encoding.UTF8.GetString(bytes), changed = change(text);
        Assert.NotEqual(text, changed);
        int place = changed.LastIndexOf(Opening, StringComparison.Ordinal) + Opening.Length;
        string begin = changed[..place], end = changed[(place + Digits)..];
        return Encoding.UTF8.GetBytes(begin + Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(begin + new string('0', Digits) + end))) + end);
    }
}
