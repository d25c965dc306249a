namespace Engine.Compute.Vector.Checked;

/// <summary>What becomes of an assertion that does not hold outside of checked mode: the launch throws.</summary>
internal static class FailedAssertion
{
    /// <summary>Throws.</summary>
    /// <param name="site">Number of the assertion's site.</param>
    /// <exception cref="ComputeException">Always.</exception>
    public static void Throw(int site)
    {
        var place = AccessSites.Of(site);
        throw new ComputeException($"kernel {place.Kernel}: an assertion does not hold: {place.Assertion!.Message} ({place.Source}); checked mode says for which thread");
    }
}
