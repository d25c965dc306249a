#!/usr/bin/env bash
# run.sh SHAPE CHECKPOINT THREADS
# Builds the ONNX Runtime peer where it is not built yet, writes the model out of a checkpoint and starts the peer with it. The first build fetches 160 MB
# of packages. The model is written by a process of its own: its memory does not count.
set -euo pipefail
dotnet=${DOTNET_HOST_PATH:-dotnet}
folder=$(dirname "$0")
peer=$folder/bin/Release/net10.0/onnxruntime-peer.dll
[ -f "$peer" ] && [ -z "$(find "$folder" "$folder/../../SideBySide/StepShape.cs" -maxdepth 1 -name '*.cs' -newer "$peer")" ] ||
  "$dotnet" build -c Release --nologo -v q "$folder/OnnxRuntimePeer.csproj" >&2
model=$(mktemp)
trap 'rm -f "$model"' EXIT
"$dotnet" "$peer" write "$1" "$2" "$model" >&2
"$dotnet" "$peer" serve "$1" "$model" "$3"
