#!/usr/bin/env bash
# Checks that all tracked C++ is as clang-format (version 14, .clang-format)
# leaves it. `tests/format.sh --fix` rewrites what is not.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(--dry-run -Werror)
[[ ${1-} == --fix ]] && mode=(-i)
mapfile -d '' files < <(git ls-files -z -- '*.hpp' '*.cpp')
if [[ ${#files[@]} -eq 0 ]]; then
  echo "format: no tracked C++ here; run it in a clone" >&2
  exit 1
fi
clang-format "${mode[@]}" "${files[@]}"
echo "format: ${#files[@]} files as they should be"
