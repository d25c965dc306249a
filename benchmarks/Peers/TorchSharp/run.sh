#!/usr/bin/env bash
# Builds the TorchSharp peer where it is not built yet, and starts it; arguments go to it. The first build fetches 1.2 GB of packages.
#
# TorchSharp's native library asks for GLIBCXX_3.4.32, which libstdc++ of GCC 12 and before lacks. There, the one symbol that it needs (an initializer)
# comes from a small library built here, and the copy of the native library in the build's output has its version requirement lowered: needs g++, python3.
set -euo pipefail
cd "$(dirname "$0")"
dotnet=${DOTNET_HOST_PATH:-dotnet}
out=bin/Release/net10.0
[ -f "$out/torchsharp-peer.dll" ] && [ -z "$(find . -maxdepth 1 -name '*.cs' -newer "$out/torchsharp-peer.dll")" ] ||
  "$dotnet" build -c Release --nologo -v q TorchSharpPeer.csproj >&2
if ! strings -a "$(ldconfig -p | awk '/libstdc\+\+\.so\.6 /{print $NF; exit}')" | grep -qx GLIBCXX_3.4.32; then
  if [ ! -f "$out/ios_init.so" ]; then
    "$dotnet" "$out/torchsharp-peer.dll" 1 8 1 1 1 1 </dev/null >/dev/null 2>&1 || true # its first run gathers the native libraries in $out/cpu
    python3 - "$out/cpu/libLibTorchSharp.so" <<'P'
import struct, sys
path = sys.argv[1]
data = open(path, 'rb').read()
def elf_hash(name):
    value = 0
    for character in name.encode():
        value = (value << 4) + character
        top = value & 0xf0000000
        value = (value ^ (top >> 24)) & ~top & 0xffffffff
    return struct.pack('<I', value)
old, new = 'GLIBCXX_3.4.32', 'GLIBCXX_3.4.30'
assert data.count(elf_hash(old)) == 1
open(path, 'wb').write(data.replace(elf_hash(old), elf_hash(new)).replace(old.encode() + b'\0', new.encode() + b'\0'))
P
    printf '#include <iostream>\nnamespace std { __attribute__((visibility("default"))) void ios_base_library_init() {} }\n' |
      g++ -shared -fPIC -O1 -x c++ - -o "$out/ios_init.so"
  fi
  export LD_PRELOAD=$PWD/$out/ios_init.so
fi
exec "$dotnet" "$out/torchsharp-peer.dll" "$@"
