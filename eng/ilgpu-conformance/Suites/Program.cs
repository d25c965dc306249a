using System;
using System.Collections.Generic;
using System.Text.RegularExpressions;
using System.Threading;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace ILGPU.Tests.Vector
{
    /// <summary>
    /// Runs the suites, one case after the other, and appends a line a case to a file: outcome, class, case, message. A case is announced before it
    /// starts, so that one which ends the process is known; cases that the file names already are not run again.
    /// </summary>
    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            if (arguments is ["--report", string finished])
            {
                Report.Print(finished);
                return 0;
            }
            var filter = new Regex(arguments.Length > 1 ? arguments[1] : "");
            using var log = new ResultLog(arguments[0]);
            var framework = new XunitTestFramework(new Sink(_ => { }));
            var assembly = typeof(Program).Assembly;
            var cases = new List<ITestCase>();
            using var discovered = new ManualResetEventSlim();
            using var discoverer = framework.GetDiscoverer(Reflector.Wrap(assembly));
            discoverer.Find(false, new Sink(message =>
            {
                if (message is ITestCaseDiscoveryMessage found)
                {
                    string name = $"{ResultLog.Class(found.TestCase)}.{found.TestCase.TestMethod.Method.Name}";
                    if (filter.IsMatch(name) && !log.Holds(found.TestCase)) cases.Add(found.TestCase);
                }
                else if (message is IDiscoveryCompleteMessage)
                {
                    discovered.Set();
                }
            }), new Options());
            discovered.Wait();
            Console.WriteLine($"{cases.Count} cases");
            using var ended = new ManualResetEventSlim();
            using var executor = framework.GetExecutor(assembly.GetName());
            executor.RunTests(cases, new Sink(message =>
            {
                log.Write(message);
                if (message is ITestAssemblyFinished) ended.Set();
            }), new Options());
            ended.Wait();
            return 0;
        }

        private sealed class Sink(Action<IMessageSinkMessage> act) : IMessageSink
        {
            public bool OnMessage(IMessageSinkMessage message)
            {
                act(message);
                return true;
            }
        }

        private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
        {
            private readonly Dictionary<string, object> values = new()
            {
                ["xunit.execution.DisableParallelization"] = true,
                ["xunit.execution.MaxParallelThreads"] = 1,
                ["xunit.discovery.PreEnumerateTheories"] = true,
                ["xunit.execution.SynchronousMessageReporting"] = true,
            };

            public TValue GetValue<TValue>(string name) => values.TryGetValue(name, out object value) ? (TValue)Convert.ChangeType(value, Nullable.GetUnderlyingType(typeof(TValue)) ?? typeof(TValue)) : default;

            public void SetValue<TValue>(string name, TValue value) => values[name] = value;
        }
    }
}
