#!/usr/bin/env bash
# Sourced by every example's run.sh. Takes the folder with the built examples
# (from the first argument, or the release build) and sets:
#   program  the example's binary, named like its folder
#   here     the example's folder
# and changes to a fresh folder, removed at exit, where the pipeline's relative
# paths lead.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
binaries=${1:-$here/../../build/release/examples}
if [[ ! -d $binaries ]]; then
  echo "$binaries is not there; build first: cmake --preset release &&" \
    "cmake --build --preset release" >&2
  exit 1
fi
# shellcheck disable=SC2034 # for the script that sources this
program=$(cd "$binaries" && pwd)/example_$(basename "$here")

work=$(mktemp -d)
# Ends a node that a failed check would leave behind.
clean_up() {
  local nodes
  nodes=$(jobs -p)
  # shellcheck disable=SC2086 # one word a process
  [[ -z $nodes ]] || kill -9 $nodes 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
cd "$work"

fail() {
  echo "$(basename "$here"): $*" >&2
  exit 1
}

# Checks that what stdin holds is what the argument says.
expect() {
  diff -u <(printf '%s\n' "$1") - || fail "that is not what was expected"
}
