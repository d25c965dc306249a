namespace Engine.Model.Data;

/// <summary>Names of the columns that are read. The defaults are those of Kaggle's Disaster Tweets; other columns are allowed and ignored.</summary>
public sealed record ColumnNames
{
    /// <summary>A row's identifier, copied into predictions; where the column is absent and its name is the default, rows are numbered from 0.</summary>
    public string Id { get; init; } = "id";

    /// <summary>The text.</summary>
    public string Text { get; init; } = "text";

    /// <summary>The second text of a pair, if there is one.</summary>
    public string? Pair { get; init; }

    /// <summary>The label.</summary>
    public string Label { get; init; } = "target";

    /// <summary>Whether the identifier's column has its default name, so that its absence is no error.</summary>
    public bool IdIsOptional => Id == "id";
}
