using System.Collections.Immutable;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Checked;

/// <summary>An operation of a kernel that checks may find fault with.</summary>
/// <param name="Kernel">Class and method of the kernel.</param>
/// <param name="Source">Where it stands.</param>
/// <param name="Assertion">What it asserts; null for accesses to memory and barriers.</param>
internal sealed record AccessSite(string Kernel, SourceLine Source, Assertion? Assertion);

/// <summary>All sites, by the numbers that emitted code and shadow memory name; they live as long as the process, as the code does.</summary>
internal static class AccessSites
{
    private static ImmutableList<AccessSite> sites = [];

    /// <summary>Registers a site.</summary>
    public static int Add(AccessSite site)
    {
        while (true)
        {
            var known = sites;
            if (Interlocked.CompareExchange(ref sites, known.Add(site), known) == known) return known.Count;
        }
    }

    /// <summary>The site of a number.</summary>
    public static AccessSite Of(int number) => sites[number];
}
