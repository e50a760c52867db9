#!/usr/bin/env bash
# Builds every target of tests/fuzz with clang's libFuzzer and runs each for
# some seconds (10), from its seeds: `tests/fuzz.sh [SECONDS [TARGET...]]`. As
# many run at once as there are cores. What reads bytes of strangers gets
# thirty times as long. What makes a target fail is left in build/fuzz/found.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
shift || true
build=build/fuzz
checks=address,undefined
exposed=(amqp_connection amqp_frames)
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

# What the targets link, instrumented. Not what waits on sockets: that parses
# nothing, and clang 14 cannot compile its coroutines for this.
libraries=(config engine_amqp engine_cluster engine_handlers engine_link
  engine_source)
cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ \
  -DCMAKE_BUILD_TYPE=Release -DTROUPE_ACTORS=OFF -DTROUPE_TESTS=OFF \
  -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DTROUPE_UNITY=OFF \
  -DTROUPE_SANITIZE="fuzzer-no-link,$checks" >/dev/null
cmake --build "$build" --target "${libraries[@]/#/troupe_}"

# A target names, behind `// sources:`, what it needs of other folders.
compile() {
  local sources
  mapfile -t sources < <(sed -n "s,^// sources: ,,p" "tests/fuzz/$1.cpp")
  clang++ -std=c++20 -O1 -g1 -fsanitize="fuzzer,$checks" -I. -Iengine \
    "tests/fuzz/$1.cpp" ${sources[@]+"${sources[@]}"} -o "$build/fuzz_$1" \
    -Wl,--start-group "$build"/libtroupe_*.a -Wl,--end-group \
    -lboost_json -lrocksdb -ltomlplusplus -lxxhash -lssl -lcrypto
}

fuzz() {
  local target=$1 time=$seconds log=$build/$1.log seeds=(tests/fuzz/seeds/"$1")
  [[ " ${exposed[*]} " == *" $target "* ]] && time=$((30 * seconds))
  [[ -d ${seeds[0]} ]] || seeds=()
  mkdir -p "$build/corpus/$target"
  if ! "$build/fuzz_$target" -max_total_time="$time" -rss_limit_mb=1024 \
    -timeout=10 -artifact_prefix="$build/found/$target-" \
    "$build/corpus/$target" "${seeds[@]}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "fuzz: $target failed; its input is in $build/found" >&2
    return 1
  fi
  echo "fuzz: $target: $(tail -n 1 "$log")"
}

mkdir -p "$build/found"
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
for target in "${targets[@]}"; do compile "$target"; done
running=0
for target in "${targets[@]}"; do
  if [[ $running -eq $(nproc) ]]; then
    wait -n
    running=$((running - 1))
  fi
  fuzz "$target" &
  running=$((running + 1))
done
while [[ $running -gt 0 ]]; do
  wait -n
  running=$((running - 1))
done
