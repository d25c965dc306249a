using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Kernels whose threads part ways: branches, loops, breaks and returns, alone and inside of each other.</summary>
public static class ControlFlowKernels
{
    [OracleCase(Groups = 5, GroupX = 32, N = 150)]
    [OracleCase(Groups = 3, GroupX = 7, N = 20)]
    public static void Tail(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        if (g < n)
        {
            x[g] = (a[g] * s) + b[g];
        }
    }

    [OracleCase(Groups = 3, GroupX = 48, N = 140)]
    public static void EarlyReturns(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        if (g >= n)
        {
            return;
        }

        x[g] = a[g];
        if (i[g] > 3)
        {
            return;
        }

        x[g] = b[g];
        if ((g & 1) == 0 && a[g] < s)
        {
            y[g] = 7;
            return;
        }

        y[g] = g;
    }

    [OracleCase(Groups = 2, GroupX = 64)]
    public static void NestedBranches(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var v = a[g];
        if (v < 0f)
        {
            if (b[g] > s)
            {
                v = (v * 2f) - b[g];
            }
            else if (i[g] % 3 == 1)
            {
                v += 10f;
                y[g] = 1;
            }
            else
            {
                v -= b[g] * b[g];
            }
        }
        else if (v > 5f || b[g] < -2f)
        {
            v = s - v;
            y[g] = i[g] > 4 ? 2 : 3;
        }

        x[g] = v;
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void LoopsOfUnequalLength(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sum = 0f;
        for (var k = 0; k < i[g]; k++)
        {
            sum += a[(g + k) % n] * s;
        }

        x[g] = sum;
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void BreakAndContinue(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sum = 0f;
        var steps = 0;
        for (var k = 0; k < 20; k++)
        {
            steps++;
            var v = a[(g + k) % n];
            if (v > 8f)
            {
                break;
            }

            if (v < -8f)
            {
                continue;
            }

            sum += v;
            if (sum > 30f)
            {
                sum -= 100f;
                break;
            }
        }

        x[g] = sum;
        y[g] = steps;
    }

    [OracleCase(Groups = 2, GroupX = 33)]
    public static void NestedLoopsWithBreaks(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sum = 0f;
        var count = 0;
        for (var r = 0; r < 6; r++)
        {
            for (var c = 0; c <= i[(g + r) % n]; c++)
            {
                count++;
                if (((g + r + c) & 7) == 5)
                {
                    break;
                }

                sum += b[((g * 3) + (r * 5) + c) % n];
                if (count > 25)
                {
                    x[g] = sum;
                    y[g] = -count;
                    return;
                }
            }

            if (sum < -20f)
            {
                break;
            }
        }

        x[g] = sum;
        y[g] = count;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void DoWhileAndGcd(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var p = (i[g] * 12) + 6;
        var q = g + 1;
        do
        {
            var r = p % q;
            p = q;
            q = r;
        }
        while (q != 0);
        y[g] = p;
        x[g] = p * s;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void Collatz(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var v = (uint)g + 1;
        var steps = 0;
        while (v != 1 && steps < 200)
        {
            v = (v & 1) == 0 ? v >> 1 : (v * 3) + 1;
            steps++;
        }

        y[g] = steps;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void SwitchOnData(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        switch (i[g])
        {
            case 0:
                x[g] = a[g];
                break;
            case 1:
                x[g] = b[g];
                goto case 2;
            case 2:
                y[g] = 22;
                break;
            case 4:
                return;
            case 5:
                for (var k = 0; k < 3; k++)
                {
                    x[g] += a[(g + k) % n];
                }

                break;
            default:
                x[g] = s;
                y[g] = -1;
                break;
        }
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void SwappedLoopValues(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        float p = a[g], q = b[g], r = s;
        int u = g, v = i[g];
        for (var k = 0; k < 5; k++)
        {
            (p, q, r) = (q, r, p + 1f);
            (u, v) = (v, u + v);
        }

        x[g] = (p * 3f) + (q * 2f) + r;
        y[g] = u - v;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    [OracleCase(Groups = 2, GroupX = 32, N = 0)]
    public static void UniformBranchesAndLoops(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sum = 0f;
        if (n > 10)
        {
            for (var k = 0; k < n; k += 7)
            {
                sum += a[k];
            }
        }
        else
        {
            sum = b[g];
        }

        if (Grid.IdxX == 1 && s > 0f)
        {
            sum = -sum;
        }

        x[g] = sum;
    }

    [OracleCase(Groups = 3, GroupX = 16, N = 200)]
    public static void GridStrideLoop(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        for (var g = Grid.GlobalIndex.X; g < n; g += Grid.DimX * Group.DimX)
        {
            x[g] = a[g] - (b[g] * s);
        }
    }

    [OracleCase(Groups = 2, GroupX = 16, N = 100)]
    [OracleCase(Groups = 2, GroupX = 32, N = 77)]
    public static void LaneLoopWithMaskedBody(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var lane = Group.IdxX;
        var sum = 0f;
        for (var c = 0; c < n; c += Group.DimX)
        {
            var k = c + lane;
            if (k < n)
            {
                sum += a[k];
                x[(Grid.IdxX * n) + k] = sum;
            }
        }

        y[Grid.GlobalIndex.X] = (int)sum;
    }

    [OracleCase(Groups = 2, GroupX = 16)]
    public static void DivergentLoopAroundUniformLoop(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sum = 0f;
        var w = 0;
        while (w < i[g])
        {
            for (var k = 0; k < 4; k++)
            {
                sum += a[k] * w;
            }

            if (sum > 1000f)
            {
                break;
            }

            w += 1 + (g & 1);
        }

        x[g] = sum;
        y[g] = w;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void ShortCircuits(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var inside = i[g] > 2 && a[i[g] - 2] > 0f;
        var either = inside || b[g] > s || (g > 5 && i[g - 5] == 1);
        y[g] = (inside ? 1 : 0) + (either ? 2 : 0) + (inside ^ either ? 4 : 0) + (!inside & either ? 8 : 0);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void UnrolledLoopWithBranches(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sum = 0f;
        for (var k = 0; k < 8; k++)
        {
            if (((g >> k) & 1) != 0)
            {
                sum += a[k] * (k + 1);
            }
            else if (k > 4)
            {
                sum -= b[k];
            }
        }

        x[g] = sum;
    }

    [OracleCase(Groups = 2, GroupX = 16)]
    public static void BinarySearch(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        int low = 0, high = n;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (middle * middle < g * 11)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        y[g] = low;
    }

    [OracleCase(GridY = 3, Groups = 2, GroupX = 5, GroupY = 4)]
    [OracleCase(GridY = 2, Groups = 2, GroupX = 16, GroupY = 3)]
    [OracleCase(GridY = 2, Groups = 2, GroupX = 3, GroupY = 2, GroupZ = 4)]
    [OracleCase(GridY = 2, GridZ = 2, Groups = 2, GroupX = 4, GroupY = 2, GroupZ = 2)]
    public static void AllIndices(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var thread = Group.IdxX + (Group.DimX * (Group.IdxY + (Group.DimY * Group.IdxZ)));
        var group = Grid.IdxX + (Grid.DimX * (Grid.IdxY + (Grid.DimY * Grid.IdxZ)));
        var g = thread + (group * Group.DimX * Group.DimY * Group.DimZ);
        if (Group.IdxY > 0)
        {
            x[g] = a[g] + (Group.IdxX * s);
        }

        y[g] = (Group.IdxX * 100) + (Group.IdxY * 10) + Group.IdxZ + (Grid.IdxX * 1000) + (Grid.IdxY * 10_000) + (Grid.IdxZ * 100_000) + Group.LinearIndex;
    }
}
