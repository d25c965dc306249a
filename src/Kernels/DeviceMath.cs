using ILGPU;
using ILGPU.Util;

namespace Engine.Kernels;

/// <summary>
/// Elementary functions for kernels, written once in plain float arithmetic so that every device and host code compute the same function.
/// </summary>
/// <remarks>
/// <para>
/// Error bounds over all floats: at most 2 units in the last place where a device contracts multiply-add, 4 where it does not;
/// <see cref="Erf"/>: absolute error 1e-7. NaN gives NaN. Nothing here branches: selections are <see cref="Utilities.Select{T}"/>,
/// so that a vector or a warp stays together.
/// </para>
/// <para>
/// ILGPU merges two constants that meet in one operator, so rounding to an integer is written <c>x + M - M</c>, which it keeps, and never
/// <c>x + M + (-M)</c>. Constants stand on the right of comparisons, because the reversed form becomes an unordered comparison, true for NaN.
/// Polynomial coefficients are minimax fits (Remez exchange) to the weights named beside them.
/// </para>
/// </remarks>
public static class DeviceMath
{
    private const float Log2E = 1.44269504f;

    // ln 2 in two parts (Cody and Waite): the first has 9 significant bits, so that its product with an exponent is exact.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    // Adding 1.5 * 2^23 rounds to the nearest integer, which then is the low part of the sum's bits.
    private const float RoundingMagic = 12582912f;
    private const int RoundingMagicBits = 0x4B400000;

    private const uint SignMask = 0x80000000u;
    private const uint MagnitudeMask = 0x7FFFFFFFu;

    /// <summary>The absolute value, by clearing the sign bit.</summary>
    public static float Abs(float x) => Interop.IntAsFloat(Interop.FloatAsInt(x) & MagnitudeMask);

    /// <summary>The larger of two floats; the second one where either is NaN.</summary>
    public static float Max(float x, float y) => Utilities.Select(x > y, x, y);

    /// <summary>e^x. Overflows to infinity above 88.72 and runs through the denormal numbers down to 0 below -103.97.</summary>
    public static float Exp(float x)
    {
        x = Utilities.Select(x > 89f, 89f, x);
        x = Utilities.Select(x < -104f, -104f, x);
        float shifted = x * Log2E + RoundingMagic;
        float n = shifted - RoundingMagic;
        float r = ReduceByLn2(x, n);
        float p = r * r * ExpTail(r) + r + 1f;

        // 2^n in two factors: n reaches from -150 to 128, beyond the exponents of normal numbers.
        int exponent = (int)Interop.FloatAsInt(shifted) - RoundingMagicBits;
        int half = exponent >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary>e^x for x &lt;= 0, as softmax needs it: like <see cref="Exp"/>, but 0 where the result would be below 1.7e-38. Cheaper.</summary>
    public static float ExpNonPositive(float x) => Utilities.Select(x < -87f, 0f, ExpBounded(x));

    /// <summary>The natural logarithm: NaN below 0, minus infinity at 0, right for denormal numbers.</summary>
    public static float Log(float x)
    {
        bool denormal = x < 1.17549435e-38f;
        float normal = Utilities.Select(denormal, x * 8388608f, x);
        uint bits = Interop.FloatAsInt(normal);

        // The mantissa is taken from [sqrt(1/2), sqrt(2)), so that it is near 1 on both sides of every power of two.
        int exponent = (int)(bits - 0x3F3504F3u) >> 23;
        float f = Interop.IntAsFloat(bits - ((uint)exponent << 23)) - 1f;
        float k = (float)(exponent - Utilities.Select(denormal, 23, 0));

        // Weight f^3 / log(1 + f) on [sqrt(1/2) - 1, sqrt(2) - 1].
        float q = -0.0763448700f;
        q = q * f + 0.127619624f;
        q = q * f - 0.131603643f;
        q = q * f + 0.142017186f;
        q = q * f - 0.166233361f;
        q = q * f + 0.200012282f;
        q = q * f - 0.250008225f;
        q = q * f + 0.333333313f;
        float square = f * f;
        float tail = square * f * q + k * Ln2Low - square * 0.5f;
        float y = f + tail + k * Ln2High;

        y = Utilities.Select(x >= 0f, y, float.NaN);
        y = Utilities.Select(x == 0f, float.NegativeInfinity, y);
        return Utilities.Select(x > float.MaxValue, x, y);
    }

    /// <summary>log(1 + x) for x &gt; -1, exact to the last places also where x is tiny.</summary>
    public static float Log1P(float x)
    {
        // What rounding 1 + x lost is put back to first order (Kahan).
        float u = x + 1f;
        float y = Log(u) + (x - (u - 1f)) / u;
        return Utilities.Select(x > float.MaxValue, x, y);
    }

    /// <summary>The logistic function 1 / (1 + e^-x).</summary>
    public static float Sigmoid(float x)
    {
        // What rounding 1 + e lost is put back to first order: below a power of two it would count as a unit in the last place.
        float e = Exp(-Abs(x));
        float sum = e + 1f;
        float lost = e - (sum - 1f);
        float y = Utilities.Select(x < 0f, e, 1f) / sum;
        return y - y * (lost / sum);
    }

    /// <summary>The hyperbolic tangent.</summary>
    public static float Tanh(float x)
    {
        float a = Abs(x);
        float bounded = Utilities.Select(a > 10f, 10f, a);
        float e = Exp(bounded + bounded);
        float large = 1f - 2f / (e + 1f);

        // Up to 0.6, where that would cancel: a + a^3 P(a^2), weight a^3 / tanh a.
        float square = a * a;
        float p = -5.89452451e-3f;
        p = p * square + 2.07954701e-2f;
        p = p * square - 5.37836961e-2f;
        p = p * square + 1.33319229e-1f;
        p = p * square - 3.33332986e-1f;
        float small = a * square * p + a;
        return WithSign(Utilities.Select(a < 0.6f, small, large), x);
    }

    /// <summary>The error function; absolute error at most 1e-7.</summary>
    public static float Erf(float x)
    {
        float a = Abs(x);
        float scaled = a * 1.41421356f;
        float large = 1f - ExpBounded(LogTailSlope(scaled) * scaled);

        // Up to 1, where the exponential's error would count in full: a + a P(a^2), relative weight.
        float square = a * a;
        float p = 7.85386146e-5f;
        p = p * square - 8.01019371e-4f;
        p = p * square + 5.18832775e-3f;
        p = p * square - 2.68538129e-2f;
        p = p * square + 1.12835854e-1f;
        p = p * square - 3.76126260e-1f;
        p = p * square + 1.28379166e-1f;
        return WithSign(Utilities.Select(a < 1f, a * p + a, large), x);
    }

    /// <summary>The standard normal distribution function, 0.5 (1 + erf(x / sqrt 2)), without cancellation for negative x.</summary>
    public static float NormalCdf(float x)
    {
        float tail = NormalTail(Abs(x));
        return Utilities.Select(x < 0f, tail, 1f - tail);
    }

    /// <summary>GELU in its exact form, x * <see cref="NormalCdf"/>(x).</summary>
    public static float GeluErf(float x)
    {
        // max(x, 0) - |x| tail(|x|) is the same function, one selection shorter.
        float a = Abs(x);
        return (x + a) * 0.5f - a * NormalTail(a);
    }

    /// <summary>The derivative of <see cref="GeluErf"/>: the normal distribution function plus x times the normal density.</summary>
    public static float GeluErfGradient(float x)
    {
        // The density's factor 1 / sqrt(2 pi) stands in the exponent.
        float density = ExpBounded(x * x * -0.5f - 0.918938533f);
        return x * density + NormalCdf(x);
    }

    /// <summary>
    /// GELU in its tanh form, 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), written as x times a logistic function of twice that argument.
    /// </summary>
    public static float GeluTanh(float x)
    {
        float a = Abs(x);
        float e = ExpBounded(a * (a * a * -0.0713548163f - 1.59576912f));
        return (x + a) * 0.5f - a * (e / (e + 1f));
    }

    /// <summary>The derivative of <see cref="GeluTanh"/>.</summary>
    public static float GeluTanhGradient(float x)
    {
        float a = Abs(x);
        float square = x * x;

        // The logistic function s of the argument's negative magnitude; s (1 - s) as s / (1 + e), which does not cancel.
        float e = ExpBounded(a * (square * -0.0713548163f - 1.59576912f));
        float r = 1f / (e + 1f);
        float s = e * r;
        return Utilities.Select(x < 0f, s, 1f - s) + x * (s * r) * (square * 0.214064449f + 1.59576912f);
    }

    /// <summary>The magnitude of one number with the sign of another (ILGPU's own CopySign swaps its arguments on GPUs).</summary>
    private static float WithSign(float magnitude, float sign) =>
        Interop.IntAsFloat(Interop.FloatAsInt(magnitude) | (Interop.FloatAsInt(sign) & SignMask));

    private static float ReduceByLn2(float x, float n) => x - n * Ln2High - n * Ln2Low;

    private static float PowerOfTwo(int exponent) => Interop.IntAsFloat((uint)(exponent + 127) << 23);

    /// <summary>(e^r - 1 - r) / r^2 for |r| &lt;= ln(2) / 2; weight r^2 / e^r.</summary>
    private static float ExpTail(float r)
    {
        float q = 1.38145988e-3f;
        q = q * r + 8.36871658e-3f;
        q = q * r + 4.16683890e-2f;
        q = q * r + 1.66665211e-1f;
        return q * r + 4.99999940e-1f;
    }

    /// <summary>e^x for x &lt;= 0; below -87 it stays at e^-87 = 1.6e-38.</summary>
    private static float ExpBounded(float x)
    {
        x = Utilities.Select(x < -87f, -87f, x);
        float shifted = x * Log2E + RoundingMagic;
        float n = shifted - RoundingMagic;
        float r = ReduceByLn2(x, n);
        float p = r * r * ExpTail(r) + r + 1f;
        return p * Interop.IntAsFloat((Interop.FloatAsInt(shifted) << 23) + 0x3F800000u);
    }

    /// <summary>1 - <see cref="NormalCdf"/>(a) for a &gt;= 0; the factor 1/2 stands in the exponent.</summary>
    private static float NormalTail(float a) => ExpBounded(LogTailSlope(a) * a - 0.693147181f);

    /// <summary>
    /// P with e^(a P(a)) = 1 - erf(a / sqrt 2) for a &gt;= 0. It fits ln(erfc(a / sqrt 2)) / a on [0, 5.9], weight a erfc^(3/4);
    /// a P(a) falls without bound beyond, so no limit on a is needed.
    /// </summary>
    private static float LogTailSlope(float a)
    {
        float p = -3.42730893e-8f;
        p = p * a + 8.82310644e-7f;
        p = p * a - 9.96777089e-6f;
        p = p * a + 6.33302407e-5f;
        p = p * a - 2.19643582e-4f;
        p = p * a + 3.70254529e-5f;
        p = p * a + 4.78598243e-3f;
        p = p * a - 3.63381803e-2f;
        p = p * a - 3.18309247e-1f;
        return p * a - 7.97884583e-1f;
    }
}
