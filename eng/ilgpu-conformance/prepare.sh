#!/usr/bin/env bash
# prepare.sh WORK ILGPU: makes the folder WORK with ILGPU's own test suites, instantiated for the vector CPU, and builds them. ILGPU is a checkout of ILGPU's
# sources at tag v1.5.3; the suites run against the packages, not against those sources.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
engine=$(git -C "$here" rev-parse --show-toplevel)
work=${1:?folder to make} ilgpu=${2:?folder of the sources of ILGPU, tag v1.5.3}
mkdir -p "$work/ilgpu/Src"
work=$(readlink -f "$work")
cp -r "$here/." "$work"
# Templates include files of the library, which lie beside the suites.
cp -r "$ilgpu"/Src/{ILGPU,ILGPU.Algorithms,ILGPU.Tests,ILGPU.Algorithms.Tests} "$work/ilgpu/Src"
src=$work/ilgpu/Src

dotnet build -c Release "$work/Templates" -v q -nologo
find "$src/ILGPU.Tests" "$src/ILGPU.Algorithms.Tests" -name '*.tt' ! -name 'ConfigurationBase.tt' ! -name '.test.tt' -print0 |
  xargs -0 dotnet "$work/Templates/bin/Release/net10.0/Templates.dll"

# .NET 10's libraries have one more Select that fits TheoryData, and its JIT inlines the method that walks the stack.
sed -i -E 's/var inputArray = (\w+TestData)$/var inputArray = ((System.Collections.Generic.IEnumerable<object[]>)\1)/' "$src/ILGPU.Algorithms.Tests/XMathTests.Rem.cs"
sed -i 's/public static MethodInfo GetKernelMethod(/[System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]\n        &/' \
  "$src/ILGPU.Tests/Generic/KernelMethodAttribute.cs"

# ILGPU leaves its largest problems out on processors, whose accelerator of its own would take too long over them.
sed -i 's/Accelerator.AcceleratorType == AcceleratorType.CPU &&/false \&\&/' "$src"/ILGPU.Algorithms.Tests/{MatrixTests,OptimizationTests}.cs

# A class for every suite at every optimization level, as ILGPU's Configurations.tt makes for its own accelerators.
{
  echo "using ILGPU.Tests; using ILGPU.Algorithms.Tests; using Xunit; using Xunit.Abstractions;"
  echo "namespace ILGPU.Tests.Vector {"
  for level in Debug Release O2; do
    echo "public class Context_$level : VectorTestContext { public Context_$level() : base(OptimizationLevel.$level) { } }"
    echo "[CollectionDefinition(\"$level\")] public class Collection_$level : ICollectionFixture<Context_$level> { }"
    for suite in $(sed -s '$a\' "$src"/ILGPU.Tests/Configurations.txt "$src"/ILGPU.Algorithms.Tests/Configurations.txt | tr -d '\r\357\273\277' | sed '/^\/\//d'); do
      echo "[Collection(\"$level\")] public sealed class ${suite}_$level(ITestOutputHelper output, Context_$level context) : $suite(output, context) { }"
    done
  done
  echo "}"
} > "$work/Suites/Configurations.cs"
dotnet build -c Release "$work/Suites" -p:Engine="$engine" -v q -nologo
