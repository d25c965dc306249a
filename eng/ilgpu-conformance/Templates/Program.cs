using System.CodeDom.Compiler;
using Mono.TextTemplating;

// Expands T4 templates, each into a .cs file beside it.
var failed = 0;
foreach (var path in args)
{
    var generator = new TemplateGenerator();
    if (!await generator.ProcessTemplateAsync(path, Path.ChangeExtension(path, ".cs")))
    {
        failed++;
        foreach (var error in generator.Errors.Cast<CompilerError>().Where(error => !error.IsWarning))
        {
            Console.Error.WriteLine($"{path}: {error}");
        }
    }
}

return failed;
