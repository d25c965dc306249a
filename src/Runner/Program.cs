System.Console.WriteLine("engine");
