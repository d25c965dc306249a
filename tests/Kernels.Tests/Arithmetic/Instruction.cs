using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;

namespace Engine.Kernels.Tests.Arithmetic;

/// <summary>One instruction of a method's IL.</summary>
/// <param name="Offset">Where it stands.</param>
/// <param name="Next">Where the next one stands.</param>
/// <param name="Code">What it does.</param>
/// <param name="Operand">Number, variable, token, or offsets of targets.</param>
internal sealed record Instruction(int Offset, int Next, OpCode Code, object? Operand)
{
    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>Gets the operand of a variable's or a constant's instruction, also where it is part of the opcode.</summary>
    public int Number => Operand switch
    {
        int number => number,
        _ => int.Parse(Code.Name!.Split('.')[^1].Replace('m', '-'), CultureInfo.InvariantCulture),
    };

    /// <summary>Reads a method's instructions.</summary>
    /// <param name="body">The method's IL.</param>
    public static IEnumerable<Instruction> Read(byte[] body)
    {
        for (var at = 0; at < body.Length;)
        {
            var offset = at;
            short value = body[at++];
            if (value == 0xFE)
            {
                value = (short)(0xFE00 | body[at++]);
            }

            var code = Codes[value];
            object? operand = null;
            switch (code.OperandType)
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget:
                    operand = new[] { at + 1 + (sbyte)body[at] };
                    at += 1;
                    break;
                case OperandType.InlineBrTarget:
                    operand = new[] { at + 4 + BitConverter.ToInt32(body, at) };
                    at += 4;
                    break;
                case OperandType.InlineSwitch:
                    var count = BitConverter.ToInt32(body, at);
                    var end = at + 4 + (4 * count);
                    operand = Enumerable.Range(1, count).Select(k => end + BitConverter.ToInt32(body, offset + 1 + (4 * k))).ToArray();
                    at = end;
                    break;
                case OperandType.ShortInlineI:
                    operand = (int)(sbyte)body[at];
                    at += 1;
                    break;
                case OperandType.ShortInlineVar:
                    operand = (int)body[at];
                    at += 1;
                    break;
                case OperandType.InlineVar:
                    operand = (int)BitConverter.ToUInt16(body, at);
                    at += 2;
                    break;
                case OperandType.ShortInlineR:
                    operand = BitConverter.ToSingle(body, at);
                    at += 4;
                    break;
                case OperandType.InlineR:
                    operand = BitConverter.ToDouble(body, at);
                    at += 8;
                    break;
                case OperandType.InlineI8:
                    operand = BitConverter.ToInt64(body, at);
                    at += 8;
                    break;
                default:
                    operand = BitConverter.ToInt32(body, at);
                    at += 4;
                    break;
            }

            yield return new Instruction(offset, at, code, operand);
        }
    }
}
