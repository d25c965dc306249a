using System.Reflection.Emit;
using ILGPU;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>Writes rounds in which threads exchange values, where all threads of the group are together.</summary>
internal sealed class ExchangeStatements(KernelWriter kernel, IntegerExpressions integers, FloatExpressions floats)
{
    private readonly ILGenerator il = kernel.IL;
    private readonly Random random = kernel.Random;

    /// <summary>Writes one round of a random kind.</summary>
    public void Round()
    {
        switch (random.Next(kernel.Kind == KernelKind.Warps ? 7 : 4))
        {
            case 0:
                Rotate();
                break;
            case 1:
                Collect();
                break;
            case 2:
                Vote();
                break;
            case 3:
                BroadcastInGroup();
                break;
            default:
                ExchangeInWarp();
                break;
        }
    }

    /// <summary>Every thread reads what another one has written to shared memory.</summary>
    private void Rotate()
    {
        var shift = random.Next(16);
        var target = random.Next(KernelWriter.Variables);
        kernel.LoadTileAddress(kernel.FloatTile, () => il.Emit(OpCodes.Ldloc, kernel.Lane));
        var value = floats.Float(2);
        il.Emit(OpCodes.Stind_R4);
        Barrier();
        kernel.LoadTileAddress(kernel.FloatTile, () =>
        {
            il.Emit(OpCodes.Ldloc, kernel.Lane);
            il.Emit(OpCodes.Ldc_I4, shift);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Ldloc, kernel.Size);
            il.Emit(OpCodes.Rem);
        });
        il.Emit(OpCodes.Ldind_R4);
        il.Emit(OpCodes.Stloc, kernel.Floats[target]);
        Barrier();
        kernel.Line($"tile[lane] = {value}; barrier; f{target} = tile[(lane + {shift}) % size]; barrier");
    }

    /// <summary>All threads change shared numbers by atomics whose order does not matter.</summary>
    private void Collect()
    {
        var target = random.Next(KernelWriter.Variables);
        var atomic = random.Next(6) switch
        {
            0 => nameof(Atomic.Max),
            1 => nameof(Atomic.Min),
            2 => nameof(Atomic.Or),
            3 => nameof(Atomic.And),
            4 => nameof(Atomic.Xor),
            _ => nameof(Atomic.Add),
        };
        kernel.LoadTileAddress(kernel.IntTile, () => il.Emit(OpCodes.Ldloc, kernel.Lane));
        il.Emit(OpCodes.Ldloc, kernel.Ints[target]);
        il.Emit(OpCodes.Stind_I4);
        Barrier();
        var slot = string.Empty;
        kernel.LoadTileAddress(kernel.IntTile, () =>
        {
            slot = integers.Int(1);
            il.Emit(OpCodes.Ldc_I4_3);
            il.Emit(OpCodes.And);
        });
        var value = integers.Int(2);
        kernel.Call(typeof(Atomic), atomic, typeof(int).MakeByRefType(), typeof(int));
        il.Emit(OpCodes.Pop);
        Barrier();
        kernel.LoadTileAddress(kernel.IntTile, () => il.Emit(OpCodes.Ldloc, kernel.Lane));
        il.Emit(OpCodes.Ldind_I4);
        il.Emit(OpCodes.Stloc, kernel.Ints[target]);
        Barrier();
        CompareExchange();
        kernel.Line($"numbers[lane] = i{target}; barrier; {atomic}(numbers[({slot}) & 3], {value}); barrier; i{target} = numbers[lane]; barrier");
    }

    /// <summary>Every thread for itself, as the last one to come would decide otherwise.</summary>
    private void CompareExchange()
    {
        if (random.Next(2) == 0)
        {
            return;
        }

        var target = random.Next(KernelWriter.Variables);
        kernel.LoadTileAddress(kernel.IntTile, () => il.Emit(OpCodes.Ldloc, kernel.Lane));
        var comparand = integers.Int(1);
        var value = integers.Int(1);
        kernel.Call(typeof(Atomic), nameof(Atomic.CompareExchange), typeof(int).MakeByRefType(), typeof(int), typeof(int));
        il.Emit(OpCodes.Stloc, kernel.Ints[target]);
        Barrier();
        kernel.Line($"i{target} = compare and exchange(numbers[lane], {comparand}, {value}); barrier");
    }

    /// <summary>A barrier that counts threads, or asks whether all or any agree.</summary>
    private void Vote()
    {
        var target = random.Next(KernelWriter.Variables);
        var left = integers.Int(2);
        var right = integers.Int(1);
        il.Emit(OpCodes.Clt);
        var choice = random.Next(3);
        var method = choice switch { 0 => nameof(Group.BarrierPopCount), 1 => nameof(Group.BarrierAnd), _ => nameof(Group.BarrierOr) };
        kernel.Call(typeof(Group), method, typeof(bool));
        if (choice == 0)
        {
            il.Emit(OpCodes.Stloc, kernel.Ints[target]);
        }
        else
        {
            var no = il.DefineLabel();
            il.Emit(OpCodes.Brfalse, no);
            il.Emit(OpCodes.Ldloc, kernel.Lane);
            il.Emit(OpCodes.Stloc, kernel.Ints[target]);
            il.MarkLabel(no);
        }

        kernel.Line(choice == 0 ? $"i{target} = count({left} < {right})" : $"if ({method}({left} < {right})) i{target} = lane");
    }

    private void BroadcastInGroup()
    {
        var target = random.Next(KernelWriter.Variables);
        var from = random.Next(5);
        var value = integers.Int(2);
        il.Emit(OpCodes.Ldc_I4, from);
        il.Emit(OpCodes.Call, typeof(Group).GetMethod(nameof(Group.Broadcast))!.MakeGenericMethod(typeof(int)));
        il.Emit(OpCodes.Stloc, kernel.Ints[target]);
        kernel.Line($"i{target} = broadcast in group({value}, {from})");
    }

    /// <summary>Lanes that exist in every warp, the narrowest of which has four.</summary>
    private void ExchangeInWarp()
    {
        var target = random.Next(KernelWriter.Variables);
        var value = floats.Float(2);
        var origin = random.Next(4);
        il.Emit(OpCodes.Ldc_I4, origin);
        var method = random.Next(3) switch { 0 => nameof(Warp.Shuffle), 1 => nameof(Warp.Broadcast), _ => nameof(Warp.ShuffleXor) };
        var generic = typeof(Warp).GetMethods().Single(found => found.Name == method && found.GetParameters().Length == 2);
        il.Emit(OpCodes.Call, generic.MakeGenericMethod(typeof(float)));
        il.Emit(OpCodes.Stloc, kernel.Floats[target]);
        kernel.Line($"f{target} = {method}({value}, {origin})");
    }

    private void Barrier()
    {
        kernel.Call(typeof(Group), nameof(Group.Barrier));
        if (random.Next(8) == 0)
        {
            kernel.Call(typeof(MemoryFence), nameof(MemoryFence.GroupLevel));
        }
    }
}
