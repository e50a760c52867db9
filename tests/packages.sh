#!/usr/bin/env bash
# Installs what is missing of tests/packages.txt; asks the network for nothing
# when nothing is missing. Needs root, or sudo.
set -euo pipefail
cd "$(dirname "$0")"

is_installed() {
  [[ -n ${2-} ]] && command -v "$2" >/dev/null && return
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
while read -r package command; do
  is_installed "$package" "$command" || missing+=("$package")
done < <(sed -e 's/#.*//' -e '/^ *$/d' packages.txt)
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "packages: all there"
  exit
fi

echo "packages: installing ${missing[*]}"
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "packages: run as root, or install them yourself" >&2
    exit 1
  fi
  as_root=(sudo)
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}
apt update
apt install -y --no-install-recommends "${missing[@]}"
