#!/usr/bin/env bash
# Measures everything and prints one table:
#   tests/bench/run.sh [BUILD_FOLDER [REPETITIONS]]
# The build must be a release build (default: build/release). Files go to the
# folder that TROUPE_BENCH_DIR names, or to the build folder: put it on the disk
# that is to be measured. Takes some minutes; the machine should be idle.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build/release}
repetitions=${2:-5}
if [[ ! -x $build/tests/bench/bench_limits ]]; then
  echo "$build has no benchmarks; build first: cmake --preset release &&" \
    "cmake --build --preset release" >&2
  exit 1
fi
build=$(cd "$build" && pwd)
export TROUPE_BENCH_DIR=${TROUPE_BENCH_DIR:-$build}

rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
printf 'what\tvalue\tunit\tbeside\tlimit\tshare\taim\n' >"$rows"
for name in limits queue_machine store records pipeline latency replication; do
  echo "measuring $name ..." >&2
  "$build/tests/bench/bench_$name" "$repetitions" >>"$rows"
done
echo "measuring an idle node ..." >&2
python3 -B "$here/idle.py" "$build/examples/example_flights" 3 >>"$rows"

echo "$(nproc) cores, $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)," \
  "load $(cut -d' ' -f1 /proc/loadavg), medians of $repetitions"
column -t -s $'\t' "$rows"
