using System.Reflection;
using System.Reflection.Emit;

namespace Engine.Kernels.Tests.Arithmetic;

/// <summary>
/// Reads the IL of kernels and of all methods of this project that they call, with what is known of the arguments, as an inliner would, and lists the forms of
/// arithmetic that ILGPU's IR builder changes. A variable counts as what is assigned to it if that happens at one place.
/// </summary>
internal sealed class ArithmeticReader
{
    private const int MaxCalls = 16;

    /// <summary>Gets what was found: method and form.</summary>
    public SortedSet<string> Found { get; } = [];

    /// <summary>Gets how many additions, multiplications, divisions and comparisons were read.</summary>
    public int Operations { get; private set; }

    /// <summary>Reads a method.</summary>
    /// <param name="method">The method, its type parameters closed.</param>
    public void Read(MethodBase method) => Read(method, [.. Enumerable.Repeat(Expression.Unknown, ParameterCount(method))], 0);

    private static int ParameterCount(MethodBase method) => method.GetParameters().Length + (method.IsStatic ? 0 : 1);

    private Expression Read(MethodBase method, Expression[] arguments, int calls)
    {
        var instructions = Instruction.Read(method.GetMethodBody()!.GetILAsByteArray()!).ToList();
        var assigned = instructions.Where(instruction => instruction.Code.Name!.StartsWith("stloc", StringComparison.Ordinal)).CountBy(instruction => instruction.Number).ToDictionary();
        var addressed = instructions.Where(instruction => instruction.Code.Name!.StartsWith("ldloca", StringComparison.Ordinal)).Select(instruction => instruction.Number).ToHashSet();
        var locals = new Dictionary<int, Expression>();
        var depths = new Dictionary<int, int>();
        var stack = new Stack<Expression>();
        var result = Expression.Unknown;
        var returns = 0;
        var reached = true;
        Type? constraint = null;
        foreach (var instruction in instructions)
        {
            if (depths.TryGetValue(instruction.Offset, out var depth) || !reached)
            {
                // Values that came another way may be others.
                stack = new Stack<Expression>(Enumerable.Repeat(Expression.Unknown, depth));
            }

            reached = true;
            var name = instruction.Code.Name!;
            switch (name.Split('.')[0])
            {
                case "ldc":
                    stack.Push(new Expression(instruction.Operand is float or double or long ? instruction.Operand : instruction.Number));
                    break;
                case "ldloc":
                    stack.Push(assigned.GetValueOrDefault(instruction.Number) == 1 && !addressed.Contains(instruction.Number)
                        ? locals.GetValueOrDefault(instruction.Number, Expression.Unknown)
                        : Expression.Unknown);
                    break;
                case "stloc":
                    locals[instruction.Number] = stack.Pop();
                    break;
                case "ldarg":
                    stack.Push(arguments[instruction.Number]);
                    break;
                case "starg":
                    stack.Pop();
                    arguments[instruction.Number] = Expression.Unknown;
                    break;
                case "dup":
                    stack.Push(stack.Peek());
                    break;
                case "constrained":
                    constraint = method.Module.ResolveType((int)instruction.Operand!, TypeArguments(method), MethodArguments(method));
                    break;
                case "call" or "callvirt" or "newobj":
                    var called = method.Module.ResolveMethod((int)instruction.Operand!, TypeArguments(method), MethodArguments(method))!;
                    Call(Implementation(called, constraint), name == "newobj", stack, calls);
                    constraint = null;
                    break;
                case "ret":
                    result = ++returns == 1 && stack.Count > 0 ? stack.Pop() : Expression.Unknown;
                    reached = false;
                    break;
                default:
                    Apply(method, instruction, stack);
                    break;
            }

            foreach (var target in instruction.Operand as int[] ?? [])
            {
                depths[target] = stack.Count;
            }

            reached &= instruction.Code.FlowControl is not (FlowControl.Branch or FlowControl.Throw);
        }

        return result;
    }

    private void Call(MethodBase called, bool makes, Stack<Expression> stack, int calls)
    {
        var arguments = new Expression[ParameterCount(called) - (makes ? 1 : 0)];
        for (var k = arguments.Length - 1; k >= 0; k--)
        {
            arguments[k] = stack.Pop();
        }

        var isOurs = called.Module.Assembly.GetName().Name!.StartsWith("Engine.", StringComparison.Ordinal) && called.GetMethodBody() is not null;
        var result = isOurs && calls < MaxCalls && !makes ? Read(called, arguments, calls + 1) : Expression.Unknown;
        if (makes || (called is MethodInfo method && method.ReturnType != typeof(void)))
        {
            stack.Push(result);
        }
    }

    /// <summary>Takes an instruction's operands from the stack, looks at them, and puts back what it leaves.</summary>
    private void Apply(MethodBase method, Instruction instruction, Stack<Expression> stack)
    {
        var name = instruction.Code.Name!;
        var operands = Enumerable.Range(0, Count(instruction.Code.StackBehaviourPop)).Select(_ => stack.Pop()).Reverse().ToArray();
        var result = Expression.Unknown;
        if (operands.Length == 2)
        {
            Operations++;
            Note(method, Expression.ChangedForm(name, operands[0], operands[1]));
            result = name is "add" or "sub" or "mul" ? new Expression(null, name, operands[0], operands[1]) : Expression.Unknown;
        }
        else if (name.StartsWith("conv.", StringComparison.Ordinal))
        {
            Note(method, Expression.ChangedConversion(name, operands[0]));
            result = operands[0].IsConstant ? Expression.Unknown : new Expression(null, name, operands[0]);
        }
        else if (name == "ldsfld" && method.Module.ResolveField((int)instruction.Operand!, TypeArguments(method), MethodArguments(method)) is { IsInitOnly: true, DeclaringType.ContainsGenericParameters: false } field)
        {
            result = field.GetValue(null) is int or long or float or double ? new Expression(field.GetValue(null)) : Expression.Unknown;
        }

        for (var k = 0; k < Count(instruction.Code.StackBehaviourPush); k++)
        {
            stack.Push(result);
        }
    }

    private void Note(MethodBase method, string? form)
    {
        if (form is not null)
        {
            Found.Add($"{method.DeclaringType!.Name}.{method.Name}: {form}");
        }
    }

    private static int Count(StackBehaviour behaviour) => behaviour is StackBehaviour.Pop0 or StackBehaviour.Push0 ? 0 : behaviour.ToString().Split('_').Length;

    private static Type[]? TypeArguments(MethodBase method) => method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;

    private static Type[]? MethodArguments(MethodBase method) => method.IsGenericMethod ? method.GetGenericArguments() : null;

    /// <summary>The method that a call through an interface of a structure comes to.</summary>
    private static MethodBase Implementation(MethodBase called, Type? constraint)
    {
        if (constraint is not { IsValueType: true } || called.DeclaringType is not { IsInterface: true } face || called is not MethodInfo)
        {
            return called;
        }

        var map = constraint.GetInterfaceMap(face);
        var definition = called.IsGenericMethod ? ((MethodInfo)called).GetGenericMethodDefinition() : called;
        var found = map.TargetMethods[Array.IndexOf(map.InterfaceMethods, definition)];
        return called.IsGenericMethod ? found.MakeGenericMethod(called.GetGenericArguments()) : found;
    }
}
