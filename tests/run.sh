#!/usr/bin/env bash
# Runs everything: packages, format, floors, the tests of whole programs as they
# are released, an installation, the unit tests under ASan and UBSan, those of
# code with threads under TSan, and fuzzing.
#   tests/run.sh [--fuzz SECONDS] [STAGE...]
# Stages run in the order below; naming some runs only those. Each fuzz target
# gets 10 seconds, those that strangers reach thirty times as long. Stops at the
# first stage that fails.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
fuzz_seconds=10
stages=(packages format floors release release_tests install dev dev_tests
  race race_tests fuzz)

usage() {
  echo "usage: tests/run.sh [--fuzz SECONDS] [STAGE...]" >&2
  echo "stages: ${stages[*]}" >&2
  exit 64
}
chosen=()
while [[ $# -gt 0 ]]; do
  if [[ $1 == --fuzz && ${2-} =~ ^[0-9]+$ ]]; then
    fuzz_seconds=$2
    shift 2
  elif [[ " ${stages[*]} " == *" $1 "* ]]; then
    chosen+=("$1")
    shift
  else
    usage
  fi
done
[[ ${#chosen[@]} -gt 0 ]] || chosen=("${stages[@]}")

# ccache sees through precompiled headers only when told so.
export CCACHE_SLOPPINESS=pch_defines,time_macros
# TSan's and ASan's first report ends the test that caused it.
export TSAN_OPTIONS=${TSAN_OPTIONS-halt_on_error=1 suppressions=$PWD/tests/tsan.txt}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1}

build() { # PRESET [TARGET]
  cmake --preset "$1" >"build/$1.configure.log" \
    || { cat "build/$1.configure.log"; return 1; }
  cmake --build --preset "$1" --target "${2-all}"
}
run_tests() { # PRESET [OPTION...]
  ctest --preset "$1" -j "$(nproc)" --no-tests=error "${@:2}"
}
packages() { tests/packages.sh; }
format() { tests/format.sh; }
floors() { python3 tests/floors.py; }
release() { build release; }
release_tests() { run_tests release -LE '^(unit|threads)$' -E _NOT_BUILT; }
install() { tests/install_test.sh build/release; }
dev() { build dev unit_tests; }
dev_tests() { run_tests dev -L '^(unit|threads)$'; }
race() { build race threaded_tests; }
race_tests() { run_tests race -L '^threads$'; }
fuzz() { tests/fuzz.sh "$fuzz_seconds"; }

mkdir -p build
summary=()
SECONDS=0
for name in "${chosen[@]}"; do
  echo "==== $name"
  began=$SECONDS
  "$name"
  code=$?
  verdict=passed
  [[ $code -eq 0 ]] || verdict="FAILED ($code)"
  line=$(printf '%-14s %-11s %4d s' "$name" "$verdict" $((SECONDS - began)))
  summary+=("$line")
  [[ $code -eq 0 ]] || break
done

echo "==== summary"
printf '%s\n' "${summary[@]}"
if [[ $code -ne 0 ]]; then
  echo "stage '$name' failed after $SECONDS s; what it said is above." \
    "Run it alone with: tests/run.sh $name"
  exit 1
fi
echo "all ${#chosen[@]} stages passed in $SECONDS s"
