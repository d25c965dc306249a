using Engine.CompilerPage;

var path = Path.Combine(Page.FindRoot(), Page.File);
var old = File.ReadAllText(path);
var renewed = Page.Renew(old);
if (Page.FirstDifference(old, renewed) is not { } difference)
{
    Console.WriteLine($"{Page.File} shows what the compiler makes");
    return 0;
}

if (args is ["--check"])
{
    Console.Error.WriteLine($"{Page.File} shows what the compiler no longer makes: {difference}; renew the page by {Page.Command}");
    return 1;
}

File.WriteAllText(path, renewed);
Console.WriteLine($"{Page.File} is renewed: {difference}");
return 0;
