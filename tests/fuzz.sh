#!/usr/bin/env bash
# Builds every target of tests/fuzz with clang's libFuzzer and runs each for
# some seconds, from its seeds: `tests/fuzz.sh [SECONDS [TARGET...]]`. What
# makes a target fail is left in build/fuzz/found.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
shift || true
build=build/fuzz
checks=address,undefined
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for source in tests/fuzz/*.cpp; do
    [[ -e $source ]] && targets+=("$(basename "$source" .cpp)")
  done
fi
if [[ ${#targets[@]} -eq 0 ]]; then
  echo "fuzz: there is no target in tests/fuzz" >&2
  exit 1
fi

# The libraries below the actors, instrumented.
cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ \
  -DCMAKE_BUILD_TYPE=Release -DTROUPE_ACTORS=OFF -DTROUPE_TESTS=OFF \
  -DTROUPE_SANITIZE="fuzzer-no-link,$checks" >/dev/null
cmake --build "$build"

mkdir -p "$build/found"
for target in "${targets[@]}"; do
  clang++ -std=c++20 -O1 -g1 -fsanitize="fuzzer,$checks" -I. -Iengine \
    "tests/fuzz/$target.cpp" -o "$build/fuzz_$target" \
    -Wl,--start-group "$build"/libtroupe_*.a -Wl,--end-group \
    -lboost_json -lrocksdb -ltomlplusplus -lxxhash -lssl -lcrypto
  echo "fuzz: $target, $seconds s"
  mkdir -p "$build/corpus/$target"
  seeds=(tests/fuzz/seeds/"$target")
  [[ -d ${seeds[0]} ]] || seeds=()
  log=$build/$target.log
  if ! "$build/fuzz_$target" -max_total_time="$seconds" -rss_limit_mb=1024 \
    -timeout=10 -artifact_prefix="$build/found/$target-" \
    "$build/corpus/$target" "${seeds[@]}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "fuzz: $target failed; its input is in $build/found" >&2
    exit 1
  fi
  tail -n 1 "$log"
done
