namespace Engine.Compute.Vector.Emit;

/// <summary>How one group of a launch is run: whole vectors by the plain body, what is left by the masked one.</summary>
internal static unsafe class GroupEntries
{
    /// <summary>Makes the entry of a kernel.</summary>
    /// <param name="lanes">How threads lie in vectors.</param>
    /// <param name="implicitDimensions">Dimensions of an implicitly grouped kernel, else 0.</param>
    /// <param name="full">The body for whole vectors.</param>
    /// <param name="masked">The body that knows which lanes exist.</param>
    public static GroupEntry Make(LaneModel lanes, int implicitDimensions, Lazy<GroupBody> full, Lazy<GroupBody> masked)
    {
        int size = lanes.GroupSize;
        int whole = size / lanes.Width * lanes.Width;
        if (lanes.LockStep)
        {
            var body = whole == size && implicitDimensions == 0 ? full : masked;
            _ = body.Value;
            return (arguments, launch, x, y, z, scratch) => body.Value(arguments, launch, x, y, z, scratch, 0, size);
        }
        if (implicitDimensions == 0)
        {
            if (whole == size)
            {
                var body = full.Value;
                return (arguments, launch, x, y, z, scratch) => body(arguments, launch, x, y, z, scratch, 0, size);
            }
            return (arguments, launch, x, y, z, scratch) => Run(arguments, launch, x, y, z, scratch, size);
        }
        if (implicitDimensions == 1 && lanes.IsOneDimensional)
        {
            return (arguments, launch, x, y, z, scratch) =>
                Run(arguments, launch, x, y, z, scratch, (int)Math.Min(size, launch->ExtentX - (long)x * launch->GroupX));
        }
        return (arguments, launch, x, y, z, scratch) =>
        {
            bool inside = ((long)x + 1) * launch->GroupX <= launch->ExtentX && ((long)y + 1) * launch->GroupY <= launch->ExtentY &&
                ((long)z + 1) * launch->GroupZ <= launch->ExtentZ;
            if (inside) Run(arguments, launch, x, y, z, scratch, size);
            else masked.Value(arguments, launch, x, y, z, scratch, 0, size);
        };

        void Run(byte* arguments, LaunchInfo* launch, int x, int y, int z, byte* scratch, int threads)
        {
            int vectors = threads / lanes.Width * lanes.Width;
            if (vectors > 0) full.Value(arguments, launch, x, y, z, scratch, 0, vectors);
            if (threads > vectors) masked.Value(arguments, launch, x, y, z, scratch, vectors, threads);
        }
    }
}
