using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>
/// Training on a small file system of its own, in memory, that becomes full or read-only: made with <c>unshare</c> and <c>mount</c>, so that it ends with the
/// process and needs no rights where user namespaces are allowed.
/// </summary>
public sealed class FullDiskTests : IDisposable
{
    private const int CannotMount = 77;

    private readonly TestFolder _folder = new();
    private readonly string _train;
    private readonly string _whole;
    private readonly string[] _arguments;

    public FullDiskTests()
    {
        _train = _folder.Write("train.csv", SmallTask.Csv(40));
        _whole = _folder.File("whole");
        // With the last epoch kept every checkpoint has the same size: parameters and two moments.
        _arguments = Arguments(3);
        Directory.CreateDirectory(_folder.File("disk"));
        Directory.CreateDirectory(_folder.File("seen"));
    }

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void A_full_disk_leaves_the_last_checkpoint_and_the_run_goes_on_when_there_is_room()
    {
        long checkpoint = CheckpointSize();
        // Room for one checkpoint and a half: the second one does not fit.
        Seen seen = OnDisk(
            checkpoint * 3 / 2,
            $"""
            train {Quote([.. _arguments, "--out", "disk/run"])}
            ls disk/run disk/run/checkpoints > seen/listing
            train --resume disk/run
            mount -o remount,size=64m disk
            train --resume disk/run
            cp -r disk/run seen/run
            """);
        Assert.Equal([2, 2, 0], seen.Codes);
        Assert.Equal(2, seen.Error.Length);
        Assert.Equal(
            "engine: disk/run: the checkpoint of step 8 cannot be saved (No space left on device); make room or make the folder writable; "
            + "step-000000004-epoch-1 is intact: then continue with --resume disk/run.", seen.Error[0]);
        Assert.Equal(seen.Error[0], seen.Error[1]);
        Assert.Equal(["checkpoints", "disk/run/checkpoints:", "disk/run:", "run.json", "step-000000004-epoch-1"], seen.Listing.Order(StringComparer.Ordinal));
        ResumeTests.AssertSameResults(_whole, _folder.File("seen/run"));
    }

    [SkippableFact]
    public void A_disk_that_is_full_at_the_end_leaves_the_checkpoints()
    {
        long checkpoint = CheckpointSize();
        // Both checkpoints fit, the model, a third of one, does not.
        Seen seen = OnDisk(
            checkpoint * 21 / 10,
            $"""
            train {Quote([.. _arguments, "--out", "disk/run"])}
            ls disk/run disk/run/checkpoints > seen/listing
            mount -o remount,size=64m disk
            train --resume disk/run
            cp -r disk/run seen/run
            """);
        Assert.Equal([2, 0], seen.Codes);
        Assert.Equal(
            "engine: disk/run: the results cannot be saved (No space left on device); the checkpoints are intact: make room, then continue with --resume disk/run.",
            Assert.Single(seen.Error));
        Assert.Equal(
            ["checkpoints", "disk/run/checkpoints:", "disk/run:", "run.json", "step-000000008-epoch-2", "step-000000012-epoch-3"], seen.Listing.Order(StringComparer.Ordinal));
        ResumeTests.AssertSameResults(_whole, _folder.File("seen/run"));
    }

    [SkippableFact]
    public void A_disk_without_room_for_a_first_checkpoint_is_left_empty()
    {
        Seen seen = OnDisk(
            64 << 10,
            $"""
            train {Quote([.. _arguments, "--out", "disk/above/run"])}
            find disk > seen/listing
            """);
        Assert.Equal([2], seen.Codes);
        Assert.Contains("the checkpoint of step 4 cannot be saved (No space left on device)", Assert.Single(seen.Error), StringComparison.Ordinal);
        Assert.Equal(["disk"], seen.Listing);
    }

    [SkippableFact]
    public void Other_commands_on_a_full_disk_leave_nothing()
    {
        string model = Repository.SmallModel;
        Seen seen = OnDisk(
            4 << 10,
            $"""
            engine convert '{model}' --out disk/above/model
            engine embed --model '{model}' --device cpu --input '{_train}' --out disk/vectors.csv
            engine tokenize --model '{model}' --input '{_train}' --out disk/ids.jsonl
            find disk > seen/listing
            """);
        Assert.Equal([2, 2, 2], seen.Codes);
        Assert.Equal(3, seen.Error.Length);
        Assert.All(seen.Error, line => Assert.Matches("^engine: .*disk/.*: cannot be written \\(No space left on device.*\\); choose a folder that is writable and has room$", line));
        Assert.Equal(["disk"], seen.Listing);
    }

    [SkippableFact]
    public void A_read_only_disk()
    {
        string stopped = _folder.File("stopped");
        Assert.Equal(CommandLine.Stopped, CommandRun.StoppedAt("epoch 1/3", [.. _arguments, "--out", stopped]).Code);
        Seen seen = OnDisk(
            64 << 20,
            $"""
            cp -r stopped disk/run
            mount -o remount,ro disk
            train --resume disk/run
            train {Quote([.. _arguments, "--out", "disk/new"])}
            find disk | sort > seen/listing
            mount -o remount,rw disk
            train --resume disk/run
            cp -r disk/run seen/run
            """);
        Assert.Equal([2, 2, 0], seen.Codes);
        Assert.Equal(2, seen.Error.Length);
        Assert.Contains("disk/run: cannot be written (Read-only file system", seen.Error[0], StringComparison.Ordinal);
        Assert.Contains("disk cannot be written to", seen.Error[1], StringComparison.Ordinal);
        Assert.DoesNotContain("disk/new", seen.Listing);
        CommandRun whole = CommandRun.Of([.. _arguments, "--out", _whole]);
        Assert.Equal((0, ""), (whole.Code, whole.Error));
        ResumeTests.AssertSameResults(_whole, _folder.File("seen/run"));
    }

    [SkippableTheory]
    [InlineData("run.json")]
    [InlineData("step-000000004-epoch-1")]
    [InlineData("step-0000000[1-9]*.tmp")]
    public void A_folder_that_turns_read_only_during_a_run(string moment)
    {
        // Before the first checkpoint, between two, and within one. A second mount of the folder takes away the permission from all, root and the run included.
        string[] arguments = Arguments(20);
        Seen seen = OnDisk(
            64 << 20,
            $"""
            begin {Quote([.. arguments, "--out", "disk/run"])}
            hold 'disk/run/checkpoints/{moment}'
            mount --bind disk/run disk/run && mount -o remount,bind,ro disk/run
            end
            ls disk/run disk/run/checkpoints > seen/listing
            umount disk/run
            train --resume disk/run
            cp -r disk/run seen/run
            """);
        Assert.Equal([2, 0], seen.Codes);
        string[] intact = [.. seen.Listing.Where(name => name.StartsWith("step-", StringComparison.Ordinal) && !name.EndsWith(".tmp", StringComparison.Ordinal))];
        Assert.Equal(moment == "run.json", intact.Length == 0);
        Assert.Equal(moment.EndsWith(".tmp", StringComparison.Ordinal), seen.Listing.Any(name => name.EndsWith(".tmp", StringComparison.Ordinal)));
        Assert.Matches(
            "^engine: disk/run: the checkpoint of step [0-9]+ cannot be saved \\(Read-only file system\\); make room or make the folder writable; "
            + (intact.Length == 0 ? "there is none before it" : $"{intact[^1]} is intact: then continue with --resume disk/run") + "\\.$",
            Assert.Single(seen.Error));
        CommandRun whole = CommandRun.Of([.. arguments, "--out", _whole]);
        Assert.Equal((0, ""), (whole.Code, whole.Error));
        ResumeTests.AssertSameResults(_whole, _folder.File("seen/run"));
    }

    /// <summary>Runs to the end on the ordinary disk, and measures what a checkpoint takes on the way.</summary>
    private long CheckpointSize()
    {
        Assert.Equal(CommandLine.Stopped, CommandRun.StoppedAt("epoch 1/3", [.. _arguments, "--out", _whole]).Code);
        long size = Directory.GetFiles(Path.Combine(_whole, "checkpoints"), "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        CommandRun run = CommandRun.Of("train", "--resume", _whole);
        Assert.Equal((0, ""), (run.Code, run.Error));
        return size;
    }

    /// <summary>
    /// Runs a script in which <c>disk</c> is a file system of its own, <c>engine</c> the program and <c>train</c> its command. <c>begin</c> and <c>end</c> are its beginning and its end; between
    /// them, <c>hold</c> stops it at a moment when a path exists, until the end.
    /// </summary>
    private Seen OnDisk(long bytes, string script)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux gives a process a file system of its own.");
        string program = typeof(CommandLine).Assembly.Location;
        ProcessStartInfo start = new("unshare", ["--user", "--map-root-user", "--mount", "/bin/sh", "-c", string.Create(CultureInfo.InvariantCulture, $$"""
            mount -t tmpfs -o size={{bytes}} tmpfs disk || exit {{CannotMount}}
            engine() { dotnet '{{program}}' "$@" 2>> seen/errors > seen/output; echo $? >> seen/codes; }
            begin() { dotnet '{{program}}' train "$@" 2>> seen/errors > seen/output & run=$!; }
            end() { kill -CONT $run; wait $run; echo $? >> seen/codes; }
            train() { begin "$@"; end; }
            hold() {
                until [ -s seen/errors ] || [ -e disk/run/model.safetensors ]; do
                    for path in $1; do
                        [ -e "$path" ] || continue
                        kill -STOP $run; sleep 0.1
                        [ -e "$path" ] && return
                        kill -CONT $run
                    done
                done
            }
            {{script}}
            """)])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardError = true,
        };
        Process? process = null;
        try
        {
            process = Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            Skip.If(true, $"unshare cannot be run: {exception.Message}");
        }
        using (process)
        {
            string error = process!.StandardError.ReadToEnd();
            process.WaitForExit();
            Skip.If(!File.Exists(_folder.File("seen/codes")), $"No file system of its own can be made here: {error.Trim()}");
            Assert.Equal("", error);
        }
        return new Seen(
            [.. File.ReadAllLines(_folder.File("seen/codes")).Select(int.Parse)], File.ReadAllLines(_folder.File("seen/errors")),
            [.. File.ReadAllLines(_folder.File("seen/listing")).Where(line => line.Length > 0)]);
    }

    private string[] Arguments(int epochs) =>
        ["train", "--train", _train, "--keep", "last", .. SmallTask.Options("--epochs", $"{epochs}", "--threads", "1")];

    private static string Quote(string[] arguments) => string.Join(' ', arguments.Skip(1).Select(argument => $"'{argument}'"));

    /// <summary>What a script left: the exit code of every command, the lines of standard error, a listing.</summary>
    private sealed record Seen(int[] Codes, string[] Error, string[] Listing);
}
