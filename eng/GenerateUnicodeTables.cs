// Writes src/Tokenizer/Unicode/UnicodeTables.cs.
//
//   dotnet run eng/GenerateUnicodeTables.cs -- [FOLDER OF THE UNICODE CHARACTER DATABASE] [OUTPUT FILE]
//
// Inputs: UnicodeData.txt, DerivedAge.txt, PropList.txt, DerivedCoreProperties.txt and DerivedNormalizationProps.txt of the Unicode Character Database,
// version 15.0.0 (Debian's package unicode-data 15.0.0-1 puts them into /usr/share/unicode, the default folder).
//
// Each of the three tokenizers has its own versions of Unicode, and so do these tables:
//   * Hugging Face's tokenizers 0.23: general categories (punctuation, marks, controls) 8.0, the tables of the crate unicode_categories 0.1.1; canonical
//     decompositions and combining classes 9.0, the tables of the crate unicode-normalization-alignments 0.1.12; lower case and white space 17.0, Rust's
//     standard library;
//   * Google's FullTokenizer: everything 15.0, the module unicodedata of Python 3.12 (that of Python 3.13 is 15.1, which differs in nothing that is used here);
//   * TensorFlow Text 2.20: categories 15.0, the tables of RE2 in TensorFlow 2.20; NFKC_Casefold and canonical decompositions 16.0, those of ICU 77.1.
// An older version is the newer data restricted to the characters that were assigned then (decompositions and combining classes never change, by
// Unicode's stability policy), apart from the few categories that were corrected later: they are listed here. So is what 16.0 and 17.0 added.
using System.Globalization;
using System.Text;

string folder = args.Length > 0 ? args[0] : "/usr/share/unicode";
string output = args.Length > 1 ? args[1] : "src/Tokenizer/Unicode/UnicodeTables.cs";

const int codePoints = 0x110000;
var categories = new string[codePoints];
var ages = new Version?[codePoints];
var combiningClasses = new byte[codePoints];
var decompositions = new SortedDictionary<int, int[]>();
var lower = new SortedDictionary<int, int>();

Array.Fill(categories, "Cn");
ReadUnicodeData(Path.Combine(folder, "UnicodeData.txt"));
foreach ((int first, int last, string value) in ReadRanges(Path.Combine(folder, "DerivedAge.txt")))
    for (int c = first; c <= last; c++)
        ages[c] = Version.Parse(value);
var whiteSpace = new bool[codePoints];
foreach ((int first, int last, string value) in ReadRanges(Path.Combine(folder, "PropList.txt")))
    for (int c = first; c <= last && value == "White_Space"; c++)
        whiteSpace[c] = true;

var cased = new bool[codePoints];
var caseIgnorable = new bool[codePoints];
foreach ((int first, int last, string value) in ReadRanges(Path.Combine(folder, "DerivedCoreProperties.txt")))
    for (int c = first; c <= last; c++)
    {
        cased[c] |= value == "Cased";
        caseIgnorable[c] |= value == "Case_Ignorable";
    }

Version v8 = new(8, 0), v9 = new(9, 0), v15 = new(15, 0);

// Categories that were others in Unicode 8.0.
var categoriesThen = new Dictionary<int, string> { [0x166D] = "Po", [0x111C9] = "Po", [0x1734] = "Mn", [0x1885] = "Lo", [0x1886] = "Lo", [0xA9BD] = "Mc" };

// Canonical decompositions and combining classes that Unicode 16.0 added.
int[][] decompositions16 =
[
    [0x105C9, 0x105D2, 0x307], [0x105E4, 0x105DA, 0x307], [0x11383, 0x11382, 0x113C9], [0x11385, 0x11384, 0x113BB], [0x1138E, 0x1138B, 0x113C2],
    [0x11391, 0x11390, 0x113C9], [0x113C5, 0x113C2, 0x113C2], [0x113C7, 0x113C2, 0x113B8], [0x113C8, 0x113C2, 0x113C9], [0x16121, 0x1611E, 0x1611E],
    [0x16122, 0x1611E, 0x16129], [0x16123, 0x1611E, 0x1611F], [0x16124, 0x16129, 0x1611F], [0x16125, 0x1611E, 0x16120], [0x16126, 0x16121, 0x1611F],
    [0x16127, 0x16122, 0x1611F], [0x16128, 0x16121, 0x16120], [0x16D68, 0x16D67, 0x16D67], [0x16D69, 0x16D63, 0x16D67], [0x16D6A, 0x16D69, 0x16D67],
];
int[] combiningClasses16 = [0x897, 0x897, 230, 0x10D69, 0x10D6D, 230, 0x113CE, 0x113D0, 9, 0x1612F, 0x1612F, 9, 0x1E5EE, 0x1E5EE, 230, 0x1E5EF, 0x1E5EF, 220];

// NFKC_Casefold in 16.0: that of 15.0 and the new characters: Cyrillic, Latin, Garay, outlined letters and digits.
var foldings = ReadRanges(Path.Combine(folder, "DerivedNormalizationProps.txt"), "NFKC_CF")
    .SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1).Select(c => (c, range.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ParseHex).ToArray())))
    .ToDictionary(pair => pair.c, pair => pair.Item2);
foldings[0x1C89] = [0x1C8A];
foldings[0xA7CB] = [0x264];
foldings[0xA7CC] = [0xA7CD];
foldings[0xA7DA] = [0xA7DB];
foldings[0xA7DC] = [0x19B];
for (int c = 0x10D50; c <= 0x10D65; c++)
    foldings[c] = [c + 0x20];
for (int c = 0x1CCD6; c <= 0x1CCEF; c++)
    foldings[c] = [c - 0x1CCD6 + 'a'];
for (int c = 0x1CCF0; c <= 0x1CCF9; c++)
    foldings[c] = [c - 0x1CCF0 + '0'];

var lower15 = new SortedDictionary<int, int>(lower);

// Lower case that Unicode 16.0 and 17.0 added.
lower[0x1C89] = 0x1C8A;
lower[0xA7CB] = 0x264;
lower[0xA7CC] = 0xA7CD;
lower[0xA7CE] = 0xA7CF;
lower[0xA7D2] = 0xA7D3;
lower[0xA7D4] = 0xA7D5;
lower[0xA7DA] = 0xA7DB;
lower[0xA7DC] = 0x19B;
for (int c = 0x10D50; c <= 0x10D65; c++)
    lower[c] = c + 0x20;
for (int c = 0x16EA0; c <= 0x16EB8; c++)
    lower[c] = c + 0x1B;

var text = new StringBuilder();
text.Append("""
    // <auto-generated>
    // Written by eng/GenerateUnicodeTables.cs, which says from what and for which versions of Unicode. Do not edit.
    // </auto-generated>
    namespace Engine.Tokenizer.Unicode;

    /// <summary>Properties of characters, in the versions of Unicode that the three tokenizers have: a name's number is the version.</summary>
    internal static class UnicodeTables
    {

    """);
const string pairs = ": pairs of first and last code point.", classTriples = ": triples of first code point, last code point and class.",
    steps = "Canonical decompositions of one step, but for Hangul: triples of a code point and the one or two that it stands for (0: none)",
    quadruples = ": quadruples of first code point, last code point, step from one to the next, distance to what it becomes.";
WriteTable("Punctuation8", "Categories Pc, Pd, Ps, Pe, Pi, Pf and Po" + pairs, Ranges(c => Assigned(c, v8) && CategoryThen(c)[0] == 'P'));
WriteTable("Punctuation15", "Categories Pc, Pd, Ps, Pe, Pi, Pf and Po" + pairs, Ranges(c => categories[c][0] == 'P'));
WriteTable("NonspacingMarks8", "Category Mn" + pairs, Ranges(c => Assigned(c, v8) && CategoryThen(c) == "Mn"));
WriteTable("NonspacingMarks15", "Category Mn" + pairs, Ranges(c => categories[c] == "Mn"));
WriteTable("Controls8", "Categories Cc, Cf and Co" + pairs, Ranges(c => Assigned(c, v8) && CategoryThen(c) is "Cc" or "Cf" or "Co"));
WriteTable("Controls15", "Categories Cc and Cf" + pairs, Ranges(c => categories[c] is "Cc" or "Cf"));
WriteTable("WhiteSpace", "The property White_Space, the same in all versions from 6.3 on" + pairs, Ranges(c => whiteSpace[c]));
WriteTable("Cased15", "The property Cased" + pairs, Ranges(c => cased[c]));
WriteTable("CaseIgnorable15", "The property Case_Ignorable" + pairs, Ranges(c => caseIgnorable[c]));
WriteTable("CombiningClasses9", "Canonical combining classes that are not 0" + classTriples, CombiningClassRanges(c => Assigned(c, v9)));
WriteTable("CombiningClasses15", "Those of characters that came after 9.0" + classTriples, CombiningClassRanges(c => !Assigned(c, v9)));
WriteTable("CombiningClasses16", "Those of characters that came with 16.0" + classTriples, combiningClasses16);
WriteTable("Decompositions9", steps + ".", Triples(decompositions.Where(d => Assigned(d.Key, v9))));
WriteTable("Decompositions15", "Those of characters that came after 9.0.", Triples(decompositions.Where(d => !Assigned(d.Key, v9))));
WriteTable("Decompositions16", "Those of characters that came with 16.0.", decompositions16.SelectMany(d => d));
WriteTable("LowerCase15", "Lower case of one character" + quadruples, MappingRanges([.. lower15]));
WriteTable("LowerCase17", "That of characters that got one in 16.0 or 17.0" + quadruples, MappingRanges([.. lower.Where(l => !lower15.ContainsKey(l.Key))]));
foreach (int[] d in decompositions16)
    decompositions[d[0]] = d[1..];
KeyValuePair<int, int[]>[] beyond = [.. foldings.Keys.Union(decompositions.Keys).Order()
    .Select(c => KeyValuePair.Create(c, Folded(c))).Where(folding => !folding.Value.SequenceEqual(FoldedByParts(folding.Key)))];
WriteTable("FoldedToOne16", "NFKC_Casefold and then canonical decomposition, where that is more than folding each part of the canonical decomposition and gives one character" + quadruples,
    MappingRanges([.. beyond.Where(f => f.Value.Length == 1).Select(f => KeyValuePair.Create(f.Key, f.Value[0]))]));
WriteTable("FoldedToMore16", "The same, where it gives several: a code point, how many it becomes, and these.",
    beyond.Where(f => f.Value.Length > 1).SelectMany(f => (int[])[f.Key, f.Value.Length, .. f.Value]));
var gone = beyond.Where(f => f.Value.Length == 0).Select(f => f.Key).ToHashSet();
WriteTable("FoldedAway16", "The same, where it gives none" + pairs, Ranges(gone.Contains));
text.Append("}\n");
File.WriteAllText(output, text.ToString());
Console.WriteLine($"{output}: {text.Length} characters; the longest folding has {beyond.Max(f => f.Value.Length)}");

string CategoryThen(int c) => categoriesThen.GetValueOrDefault(c, categories[c]);

static IEnumerable<int> Triples(IEnumerable<KeyValuePair<int, int[]>> steps) => steps.SelectMany(d => new[] { d.Key, d.Value[0], d.Value.Length > 1 ? d.Value[1] : 0 });

int[] Folded(int c) => [.. (foldings.TryGetValue(c, out int[]? folding) ? folding : [c]).SelectMany(Decomposed)];

int[] FoldedByParts(int c) => decompositions.TryGetValue(c, out int[]? step) ? [.. step.SelectMany(Folded)] : [c];

int[] Decomposed(int c)
{
    const int firstSyllable = 0xAC00, lastSyllable = 0xD7A3, vowels = 21, trailings = 28;
    if (c is >= firstSyllable and <= lastSyllable)
    {
        int index = c - firstSyllable, trailing = index % trailings;
        return [0x1100 + index / (vowels * trailings), 0x1161 + index / trailings % vowels, .. trailing == 0 ? (int[])[] : [0x11A7 + trailing]];
    }
    return decompositions.TryGetValue(c, out int[]? step) ? [.. step.SelectMany(Decomposed)] : [c];
}

bool Assigned(int c, Version version) => ages[c] is { } age && age <= version;

void ReadUnicodeData(string path)
{
    int rangeStart = -1;
    foreach (string line in File.ReadLines(path))
    {
        string[] fields = line.Split(';');
        int c = ParseHex(fields[0]);
        if (fields[1].EndsWith(", First>", StringComparison.Ordinal))
        {
            rangeStart = c;
            continue;
        }
        int first = fields[1].EndsWith(", Last>", StringComparison.Ordinal) ? rangeStart : c;
        for (int i = first; i <= c; i++)
            categories[i] = fields[2];
        combiningClasses[c] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
        if (fields[5].Length > 0 && fields[5][0] != '<')
            decompositions[c] = fields[5].Split(' ').Select(ParseHex).ToArray();
        if (fields[13].Length > 0)
            lower[c] = ParseHex(fields[13]);
    }
}

static IEnumerable<(int First, int Last, string Value)> ReadRanges(string path, string? property = null)
{
    foreach (string line in File.ReadLines(path))
    {
        string[] fields = line.Split('#')[0].Split(';', StringSplitOptions.TrimEntries);
        if (fields.Length < 2 || (property is not null && fields[1] != property))
            continue;
        string[] ends = fields[0].Split("..");
        yield return (ParseHex(ends[0]), ParseHex(ends[^1]), property is null ? fields[1] : fields[2]);
    }
}

static int ParseHex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

static IEnumerable<int> Ranges(Func<int, bool> property)
{
    for (int c = 0; c < codePoints; c++)
    {
        if (!property(c))
            continue;
        int first = c;
        while (c + 1 < codePoints && property(c + 1))
            c++;
        yield return first;
        yield return c;
    }
}

IEnumerable<int> CombiningClassRanges(Func<int, bool> included)
{
    byte ClassOf(int c) => included(c) ? combiningClasses[c] : (byte)0;
    for (int c = 0; c < codePoints; c++)
    {
        int first = c, value = ClassOf(c);
        while (c + 1 < codePoints && ClassOf(c + 1) == value)
            c++;
        if (value == 0)
            continue;
        yield return first;
        yield return c;
        yield return value;
    }
}

static IEnumerable<int> MappingRanges(KeyValuePair<int, int>[] pairs)
{
    for (int i = 0; i < pairs.Length; i++)
    {
        int first = pairs[i].Key, distance = pairs[i].Value - first, step = 1, count = 1;
        bool Continues(int next) => i + next < pairs.Length && pairs[i + next].Key == first + next * step && pairs[i + next].Value - pairs[i + next].Key == distance;
        if (!Continues(1))
            step = 2;
        while (Continues(count))
            count++;
        i += count - 1;
        yield return first;
        yield return pairs[i].Key;
        yield return count == 1 ? 1 : step;
        yield return distance;
    }
}

void WriteTable(string name, string summary, IEnumerable<int> values)
{
    if (text[^2] != '{')
        text.Append('\n');
    text.Append(CultureInfo.InvariantCulture, $"    /// <summary>{summary}</summary>\n    public static ReadOnlySpan<int> {name} =>\n    [");
    int column = int.MaxValue;
    foreach (int value in values)
    {
        string item = value < 10 && value > -10 ? value.ToString(CultureInfo.InvariantCulture) : (value < 0 ? "-" : "") + "0x" + Math.Abs(value).ToString("X", CultureInfo.InvariantCulture);
        if (column > 140)
        {
            text.Append("\n        ");
            column = 8;
        }
        else
        {
            text.Append(' ');
            column++;
        }
        text.Append(item).Append(',');
        column += item.Length + 1;
    }
    text.Append("\n    ];\n");
}
