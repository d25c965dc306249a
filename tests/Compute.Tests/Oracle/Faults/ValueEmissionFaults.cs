using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.InteropServices;
using Engine.Compute.Vector;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>Faults in emitted code that computes values: halves of 64-bit vectors, memory of lanes, numbers of threads.</summary>
internal static class ValueEmissionFaults
{
    private static readonly string[] TableKernels = ["ThreadNumbers", "AllIndices"];

    /// <summary>For each table of indices along X that of Y, and the other way round.</summary>
    private static readonly Lazy<Dictionary<long, long>> OtherTables = new(FindOtherTables);

    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        PlantedFault.InCode("merges are copied one after the other", () => new SequentialCopies().Rewrite, "ValuesThatTakeTurns", "DoWhileAndGcd"),
        PlantedFault.InCode("the upper half of a widened vector is its lower half", () => WidenLowerTwice, "LongsAndDoubles"),
        PlantedFault.InCode("the halves of a comparison of longs are exchanged", () => ExchangeHalves, "ComparedLongs"),
        PlantedFault.InCode("both halves of a wide store go to one place", () => StoreHalvesOverEachOther, "LongsAndDoubles"),
        PlantedFault.InCode("the second operand of a spilled operation overlaps the first", () => OverlapOperands, "ShiftsOfLongs"),
        PlantedFault.InCode("indices along X and Y have each other's table", () => ExchangeTables, TableKernels),
        PlantedFault.InCode("local arrays of neighbouring vectors overlap by a lane", () => OverlapLocalArrays, "LocalArrayBesideABarrier"),
        PlantedFault.InCode("a broadcast takes the first lane of the thread's vector", () => BroadcastFirstLane, "GroupExchanges"),
    ];

    private static void WidenLowerTwice(FaultyWriter writer, Instruction instruction)
    {
        if (instruction.Calls("WidenUpper"))
        {
            writer.Changed();
            var upper = (MethodInfo)instruction.Operand!;
            instruction = new Instruction(OpCodes.Call, upper.DeclaringType!.GetMethod("WidenLower", [upper.GetParameters()[0].ParameterType]));
        }

        writer.Pass(instruction);
    }

    private static void ExchangeHalves(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Value?.Op == Opcode.Compare && instruction.Calls("Narrow"))
        {
            writer.Changed();
            var type = ((MethodInfo)instruction.Operand!).GetParameters()[0].ParameterType;
            var upper = writer.TakeTop(type);
            var lower = writer.TakeTop(type);
            writer.Pass(OpCodes.Ldloc, upper);
            writer.Pass(OpCodes.Ldloc, lower);
        }

        writer.Pass(instruction);
    }

    private static void StoreHalvesOverEachOther(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Value is { Op: Opcode.Store, Immediate: 0 } store && store.Operands[1].Type.IsWide() && instruction.Operand is 16L or 32L or 64L)
        {
            writer.Changed();
            instruction = instruction with { Operand = 0L };
        }

        writer.Pass(instruction);
    }

    /// <summary>As if operands lay a vector apart: the lower half of the second one is written over the upper half of the first one too. Addresses stay as they are.</summary>
    private static void OverlapOperands(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Value?.Op is not (Opcode.ShiftLeft or Opcode.ShiftRight or Opcode.ShiftRightUnsigned) || !instruction.Calls("Store") || writer.LastNumber != LaneFunctions.Slot)
        {
            writer.Pass(instruction);
            return;
        }

        // On the stack: vector, address. In a kernel without arrays the area begins at 0, so that the second operand alone is at this number.
        writer.Changed();
        var vector = ((MethodInfo)instruction.Operand!).GetParameters()[0].ParameterType;
        var address = writer.TakeTop(typeof(byte*));
        var value = writer.TakeTop(vector);
        var bytes = Marshal.SizeOf(vector.GetGenericArguments()[0]) * (int)vector.GetProperty("Count")!.GetValue(null)!;
        foreach (var back in new[] { 0, LaneFunctions.Slot - bytes })
        {
            writer.Pass(OpCodes.Ldloc, value);
            writer.Pass(OpCodes.Ldloc, address);
            writer.Pass(OpCodes.Ldc_I4, back);
            writer.Pass(OpCodes.Sub);
            writer.Pass(instruction);
        }
    }

    private static Dictionary<long, long> FindOtherTables()
    {
        var tables = new Dictionary<long, long>();
        foreach (var launch in TableKernels.SelectMany(kernel => OracleTests.Find(kernel).GetCustomAttributes<OracleCaseAttribute>()))
        {
            foreach (var width in new[] { 4, 8, 16 })
            {
                var lanes = new LaneModel(new GroupShape(launch.GroupX, launch.GroupY, launch.GroupZ), width, lockStep: false);
                var (x, y) = (IndexTables.Of(lanes, 0), IndexTables.Of(lanes, 1));
                (tables[x], tables[y]) = (y, x);
            }
        }

        return tables;
    }

    private static void ExchangeTables(FaultyWriter writer, Instruction instruction)
    {
        if (instruction.Operand is long address && OtherTables.Value.TryGetValue(address, out var other))
        {
            writer.Changed();
            instruction = instruction with { Operand = other };
        }

        writer.Pass(instruction);
    }

    private static void OverlapLocalArrays(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Value?.Op == Opcode.StorageLane && instruction is { Operand: int first and > 0 } && instruction.Code == OpCodes.Ldc_I4)
        {
            writer.Changed();
            instruction = instruction with { Operand = first - 1 };
        }

        writer.Pass(instruction);
    }

    private static void BroadcastFirstLane(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Value?.Op == Opcode.BroadcastGroup && instruction.Calls("GetElement"))
        {
            writer.Changed();
            writer.Pass(OpCodes.Pop);
            writer.Pass(OpCodes.Ldc_I4_0);
        }

        writer.Pass(instruction);
    }
}
