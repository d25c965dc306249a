using System.Reflection;
using System.Reflection.Emit;
using Engine.Compute.Vector.Emit;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>Faults in emitted code that decides which lanes run, and in what becomes of the others.</summary>
internal static class MaskEmissionFaults
{
    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        PlantedFault.InCode("masks are not clear where a region is entered", () => FillMasks, "StoreUnderCondition", "NestedBranches", "EarlyReturns"),
        PlantedFault.InCode("lanes that take a branch go the other way too", () => GoBothWays, "NestedBranches", "EarlyReturns"),
        PlantedFault.InCode("an edge overwrites the merge of lanes that came another way", () => OverwriteMerges, "NestedBranches", "ChosenConstants"),
        PlantedFault.InCode("a block is passed over unless its first lane is active", () => AskFirstLaneOfBlock, "StoreUnderCondition", "LoopsOfUnequalLength"),
        PlantedFault.InCode("a loop ends when its first lane has left", () => AskFirstLaneOfLoop, "LoopsOfUnequalLength", "Collatz"),
        PlantedFault.InCode("a masked store stores all lanes", () => StoreAllLanes, "StoreUnderCondition"),
        PlantedFault.InCode("the last thread of a group is left out", () => (writer, instruction) => MoveEnd(writer, instruction, OpCodes.Sub), "Tail", "CountedThreads"),
        PlantedFault.InCode("a group has a thread too many", () => (writer, instruction) => MoveEnd(writer, instruction, OpCodes.Add), "CountedThreads"),
    ];

    private static void FillMasks(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Ending is not null && instruction.Calls("get_Zero"))
        {
            writer.Changed();
            writer.Pass(OpCodes.Call, AllBitsSet(((MethodInfo)instruction.Operand!).ReturnType));
            return;
        }

        writer.Pass(instruction);
    }

    private static void GoBothWays(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Ending is null || !(instruction.Calls("Xor") || instruction.Calls("OnesComplement")))
        {
            writer.Pass(instruction);
            return;
        }

        // On the stack: all lanes and those taken, or the latter alone.
        writer.Changed();
        writer.Pass(OpCodes.Pop);
        if (instruction.Calls("OnesComplement"))
        {
            writer.Pass(OpCodes.Call, AllBitsSet(((MethodInfo)instruction.Operand!).ReturnType));
        }
    }

    private static void OverwriteMerges(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Ending is null || !instruction.Calls("ConditionalSelect"))
        {
            writer.Pass(instruction);
            return;
        }

        // On the stack: mask, new, old.
        writer.Changed();
        writer.Pass(OpCodes.Pop);
        var incoming = writer.TakeTop(((MethodInfo)instruction.Operand!).ReturnType);
        writer.Pass(OpCodes.Pop);
        writer.Pass(OpCodes.Ldloc, incoming);
    }

    private static void AskFirstLaneOfBlock(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Block is not null && writer.Ending is null && instruction.Code == OpCodes.Brfalse)
        {
            AskFirstLane(writer);
        }

        writer.Pass(instruction);
    }

    private static void AskFirstLaneOfLoop(FaultyWriter writer, Instruction instruction)
    {
        if (writer.Ending is not null && instruction.Code == OpCodes.Brtrue)
        {
            AskFirstLane(writer);
        }

        writer.Pass(instruction);
    }

    private static void AskFirstLane(FaultyWriter writer)
    {
        // At 128 bits, what is no lane is cut off.
        if (writer.Last.Calls("ExtractMostSignificantBits") || writer.Last.Code == OpCodes.And)
        {
            writer.Changed();
            writer.Pass(OpCodes.Ldc_I4_1);
            writer.Pass(OpCodes.And);
        }
    }

    private static void StoreAllLanes(FaultyWriter writer, Instruction instruction)
    {
        if (instruction.Calls("MaskStore"))
        {
            // On the stack: address, mask, value.
            writer.Changed();
            var parameters = ((MethodInfo)instruction.Operand!).GetParameters();
            var value = writer.TakeTop(parameters[2].ParameterType);
            writer.Pass(OpCodes.Pop);
            writer.Pass(OpCodes.Call, AllBitsSet(parameters[1].ParameterType));
            writer.Pass(OpCodes.Ldloc, value);
        }

        writer.Pass(instruction);
    }

    /// <summary>Moves the end of the threads with which the lanes of a part of a vector are compared.</summary>
    private static void MoveEnd(FaultyWriter writer, Instruction instruction, OpCode operation)
    {
        writer.Pass(instruction);
        if (writer.Block is null && instruction.Operand is ValueEmitter.LaneToArgument)
        {
            writer.Changed();
            writer.Pass(OpCodes.Ldc_I4_1);
            writer.Pass(operation);
        }
    }

    private static MethodInfo AllBitsSet(Type vector) => vector.GetProperty("AllBitsSet", BindingFlags.Public | BindingFlags.Static)!.GetMethod!;
}
