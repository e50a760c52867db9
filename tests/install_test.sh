#!/usr/bin/env bash
# Installs a build into a fresh folder, builds a program against it with nothing
# but find_package(troupe), and runs that: tests/install_test.sh [BUILD]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../build/release}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
test -x "$work/prefix/bin/troupe" \
  || { echo "install: no bin/troupe in the prefix" >&2; exit 1; }
if grep -rlF "$(cd "$here/.." && pwd)" "$work/prefix" \
  --include='*.cmake' --include='*.hpp'; then
  echo "install: the files above point back into the source tree" >&2
  exit 1
fi
cmake -S "$here/install" -B "$work/build" -G Ninja \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/prefix" \
  >"$work/configure.log" || { cat "$work/configure.log" >&2; exit 1; }
cmake --build "$work/build"

cd "$work"
printf 'one\ntwo\n' >lines.txt
build/consumer validate -c "$here/install/pipeline.toml"
build/consumer run -c "$here/install/pipeline.toml" --until-done
diff lines.txt out.txt \
  || { echo "install: the pipeline lost or changed lines" >&2; exit 1; }
echo "install: a program of its own finds Troupe, builds and runs"
