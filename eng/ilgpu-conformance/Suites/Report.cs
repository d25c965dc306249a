using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace ILGPU.Tests.Vector
{
    /// <summary>Counts of outcomes, and the failed cases by the first line of their message, the most frequent first.</summary>
    internal static class Report
    {
        public static void Print(string path)
        {
            // Cases may share a name, so lines are counted; a case that was started and said no more did not finish.
            var outcomes = new List<string[]>();
            var started = new Dictionary<string, Stack<string[]>>();
            foreach (string[] fields in File.ReadLines(path).Select(line => line.Split('\t')))
            {
                string name = $"{fields[1]}\t{fields[2]}";
                if (!started.TryGetValue(name, out var open)) started[name] = open = new Stack<string[]>();
                if (fields[0] == "start")
                {
                    open.Push(fields);
                }
                else
                {
                    outcomes.Add(fields);
                    open.TryPop(out _);
                }
            }
            outcomes.AddRange(started.Values.SelectMany(open => open));
            foreach (var level in outcomes.GroupBy(fields => fields[1].Split('_')[^1]))
            {
                Console.WriteLine($"{level.Key}: {level.Count()} cases, {string.Join(", ", level.GroupBy(fields => fields[0]).Select(kind => $"{kind.Count()} {kind.Key}"))}");
            }
            var causes = outcomes.Where(fields => fields[0] is "fail" or "start").GroupBy(Cause).OrderByDescending(cause => cause.Count());
            foreach (var cause in causes)
            {
                Console.WriteLine($"{cause.Count(),6} {cause.Key}");
                var methods = cause.GroupBy(fields => Regex.Replace(fields[2], "[<(].*", "").Replace("ILGPU.Tests.Vector.", "")).OrderByDescending(method => method.Count());
                Console.WriteLine("         " + string.Join(", ", methods.Take(10).Select(method => $"{method.Key} {method.Count()}")));
            }
        }

        /// <summary>The innermost exception's first line, numbers left out; a wrong value is a cause of its class.</summary>
        private static string Cause(string[] fields)
        {
            if (fields[0] == "start") return "not finished";
            string message = fields[3].Split(" <- ")[^1].Split(" |    at ")[0];
            string first = message.Contains("Xunit.Sdk") ? $"assertion in {fields[1].Split('_')[0]}" : message.Split(" | ")[0];
            return Regex.Replace(first, "[0-9]+", "N");
        }
    }
}
