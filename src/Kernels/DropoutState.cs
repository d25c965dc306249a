namespace Engine.Kernels;

/// <summary>
/// What decides the masks of one dropout place in one step. A mask is a function of this and of the element's row and column; it is
/// never stored, and the same on every device.
/// </summary>
/// <param name="Probability">Probability that an element is dropped, at least 0 and below 1; 0 turns dropout off.</param>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Step">Step of the optimizer: every step draws other masks.</param>
/// <param name="Site">Number of the place in the model: every place draws other masks.</param>
public readonly record struct DropoutState(float Probability, ulong Seed, uint Step, uint Site)
{
    /// <summary>Gets the state that drops nothing.</summary>
    public static DropoutState Off => default;

    /// <summary>Gets a value indicating whether anything is dropped.</summary>
    public bool Enabled => Probability > 0;

    /// <summary>Gets the form that kernels take.</summary>
    /// <returns>The kernel's argument.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not at least 0 and below 1.</exception>
    public DropoutDraw ToDraw()
    {
        if (!(Probability >= 0 && Probability < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Probability), Probability, "the dropout probability must be at least 0 and below 1");
        }

        return new DropoutDraw(
            (uint)Math.Min(Math.Round(Probability * 4294967296.0), uint.MaxValue),
            (float)(1.0 / (1.0 - Probability)),
            (uint)Seed,
            (uint)(Seed >> 32),
            Step,
            Site);
    }
}

/// <summary>
/// <see cref="DropoutState"/> as kernels take it, with the rule by which an element finds its random word.
/// <para>
/// The rule suits vectors of up to 16 lanes: 64 columns take 16 calls of <see cref="Philox"/>, call l serves the columns l, l + 16,
/// l + 32 and l + 48 with its words 0 to 3. So where lanes are consecutive columns, one call in every lane gives the words of four
/// vectors of consecutive columns, at any vector width, and nothing moves between lanes.
/// </para>
/// </summary>
/// <param name="threshold">Words below it drop their element; 0 turns dropout off.</param>
/// <param name="scale">Factor of the elements that are kept: 1 / (1 - probability).</param>
/// <param name="key0">Low half of the seed.</param>
/// <param name="key1">High half of the seed.</param>
/// <param name="step">The step.</param>
/// <param name="site">The place.</param>
public readonly struct DropoutDraw(uint threshold, float scale, uint key0, uint key1, uint step, uint site)
{
    /// <summary>Columns that 16 calls serve.</summary>
    public const int BlockColumns = 64;

    /// <summary>Calls that serve a block of columns; the distance of the columns that one call serves.</summary>
    public const int BlockCalls = 16;

    /// <summary>Words below it drop their element; 0 turns dropout off.</summary>
    public readonly uint Threshold = threshold;

    /// <summary>Factor of the elements that are kept.</summary>
    public readonly float Scale = scale;

    /// <summary>Low half of the seed.</summary>
    public readonly uint Key0 = key0;

    /// <summary>High half of the seed.</summary>
    public readonly uint Key1 = key1;

    /// <summary>The step.</summary>
    public readonly uint Step = step;

    /// <summary>The place.</summary>
    public readonly uint Site = site;

    /// <summary>Finds the call that serves a column.</summary>
    /// <param name="column">The column, at least 0.</param>
    /// <returns>The call's number within the row.</returns>
    public static int CallOf(int column) => ((column >> 6) << 4) | (column & 15);

    /// <summary>Finds which word of its call is a column's.</summary>
    /// <param name="column">The column, at least 0.</param>
    /// <returns>0 to 3.</returns>
    public static int WordOf(int column) => (column >> 4) & 3;

    /// <summary>Makes one call: the words of the four columns that it serves.</summary>
    /// <param name="row">The logical row.</param>
    /// <param name="call">The call's number within the row, see <see cref="CallOf"/>.</param>
    /// <returns>The words.</returns>
    public PhiloxWords Words(int row, int call) => Philox.Generate((uint)call, (uint)row, Step, Site, Key0, Key1);

    /// <summary>Says whether a word keeps its element.</summary>
    /// <param name="word">The element's word.</param>
    /// <returns>True where the element is kept.</returns>
    public bool Keeps(uint word) => word >= Threshold;

    /// <summary>
    /// The factor of one element: 0 where it is dropped, <see cref="Scale"/> where it is kept. Makes a call of its own; loops over many
    /// columns make one for four.
    /// </summary>
    /// <param name="row">The logical row.</param>
    /// <param name="column">The column.</param>
    /// <returns>The factor.</returns>
    public float Factor(int row, int column) => Keeps(Words(row, CallOf(column)).Pick(WordOf(column))) ? Scale : 0f;
}
