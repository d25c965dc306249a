using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xunit.Abstractions;

namespace ILGPU.Tests.Vector
{
    /// <summary>A file with a line a case; the last line of a case counts.</summary>
    internal sealed class ResultLog : IDisposable
    {
        private readonly HashSet<string> known = [];
        private readonly StreamWriter writer;

        public ResultLog(string path)
        {
            if (File.Exists(path))
            {
                foreach (string line in File.ReadLines(path)) known.Add(string.Join('\t', line.Split('\t').Skip(1).Take(2)));
            }
            writer = new StreamWriter(path, append: true) { AutoFlush = true };
        }

        public static string Class(ITestCase test) => test.TestMethod.TestClass.Class.Name.Split('.')[^1];

        public bool Holds(ITestCase test) => known.Contains(Key(test));

        public void Write(IMessageSinkMessage message)
        {
            switch (message)
            {
                case ITestStarting test: Line("start", test.TestCase, ""); break;
                case ITestPassed test: Line("pass", test.TestCase, ""); break;
                case ITestSkipped test: Line("skip", test.TestCase, test.Reason); break;
                case ITestFailed test:
                    Line("fail", test.TestCase, string.Join(" <- ", test.ExceptionTypes.Zip(test.Messages, (type, text) => $"{type}: {text}")) + "\n" + string.Join("\n", test.StackTraces));
                    break;
                case IErrorMessage error: Console.WriteLine(string.Join(" ", error.Messages)); break;
            }
        }

        public void Dispose() => writer.Dispose();

        private static string Key(ITestCase test) => $"{Class(test)}\t{Clean(test.DisplayName)}";

        private static string Clean(string text) => (text ?? "").Replace('\t', ' ').Replace('\r', ' ').Replace("\n", " | ");

        private void Line(string outcome, ITestCase test, string text) => writer.WriteLine($"{outcome}\t{Key(test)}\t{Clean(text)}");
    }
}
