#!/usr/bin/env bash
# Builds Troupe on a bare Debian 12 and runs the flights example. Needs root or
# sudo for packages that are missing; where all are there, takes seconds.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

tests/packages.sh
mkdir -p build
if ! cmake --preset release >build/release.configure.log 2>&1; then
  cat build/release.configure.log >&2
  echo "cmake found something missing; its message is above" >&2
  exit 1
fi
cmake --build --preset release --target example_flights
examples/flights/run.sh build/release/examples
