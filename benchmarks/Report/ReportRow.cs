namespace Engine.Benchmarks.Report;

/// <summary>A row of the tables of README.md and docs/performance.md: what is measured, against what, and what is wanted of it.</summary>
/// <param name="Name">The row's name, by which a figure finds it: lower case with hyphens, unique.</param>
/// <param name="Work">What is measured, as a reader understands it who knows BERT and not this program.</param>
/// <param name="Against">The peer, "-" where there is none; a figure may say it more exactly, with the version that was measured.</param>
/// <param name="Wanted">What is wanted; null where the figure is only told.</param>
internal sealed record ReportRow(string Name, string Work, string Against, Wanted? Wanted = null);
