using System.CommandLine;

namespace Engine.Runner.Options;

/// <summary>Which model a command uses.</summary>
internal sealed class ModelOption
{
    private const string Shipped = "weights/all-MiniLM-L6-v2";

    private readonly Option<string?> _model = OptionFactory.OptionalText(
        "--model", "FOLDER", $"Model folder in Hugging Face's layout (config.json, model.safetensors, vocab.txt). [default: {Shipped}]");

    /// <summary>Adds the option to a command.</summary>
    public void AddTo(Command command) => command.Add(_model);

    /// <summary>The option.</summary>
    public Option Option => _model;

    /// <summary>The model's folder.</summary>
    /// <exception cref="Model.ModelException">None was given and the shipped one is not found.</exception>
    public string Folder(ParseResult parsed) => parsed.GetValue(_model) ?? ShippedFiles.Find(Shipped, "--model FOLDER");
}
