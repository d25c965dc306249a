#!/usr/bin/env bash
# run.sh [width] [filter]: runs the suites at a vector width (512, 256, 128; 32: thread by thread; 0: the widest of the machine). The filter is a regular expression over
# Class_Level.Method, the level being Debug (O0), Release (O1) or O2. Results are lines in results-WIDTH.tsv; RESUME=1 runs what is not there yet. A case that
# ends the process, or that makes no progress for two minutes, counts as failed, and the run goes on behind it. Ends with counts, and failures by cause.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
width=${1:-0} filter=${2:-}
results=$here/results-$width.tsv
suites=$here/Suites/bin/Release/net10.0/ILGPU.Conformance.dll
[ -n "${RESUME:-}" ] || rm -f "$results"
while :; do
  ENGINE_VECTOR_BITS=$width dotnet "$suites" "$results" "$filter" > "$results.log" 2>&1 &
  pid=$! why=crash
  while kill -0 $pid 2> /dev/null; do
    sleep 1
    if [ -f "$results" ] && [ $(($(date +%s) - $(stat -c %Y "$results"))) -gt 120 ] && tail -1 "$results" | grep -q '^start'; then
      why=hang
      kill -9 $pid
    fi
  done
  wait $pid && break
  started=$(tail -1 "$results" | grep '^start' | cut -f2,3)
  [ -n "$started" ] || { tail -5 "$results.log"; break; }
  printf 'fail\t%s\t%s\n' "$started" "$why" >> "$results"
done
dotnet "$suites" --report "$results"
