#!/usr/bin/env bash
# Prints the path of a file of flights: 20,000 rows from the npm package
# vega-datasets, kept in build/datasets; where npm cannot have it (or
# FLIGHTS_OFFLINE is set) the 2,000 rows that came with this example.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
package=vega-datasets-3.2.1
cache=$here/../../build/datasets
rows=$cache/$package/package/data/flights-20k.json
offline=$here/vega_datasets/flights-2k.json

# Chained by &&, since `set -e` does not reach into a condition.
fetch() {
  mkdir -p "$cache/$package" \
    && timeout 180 npm pack --silent --fetch-retries=1 \
      --pack-destination "$cache" "vega-datasets@${package##*-}" \
    && tar -xzf "$cache/$package.tgz" -C "$cache/$package" \
      package/data/flights-20k.json \
    && rm "$cache/$package.tgz"
}

if [[ -n ${FLIGHTS_OFFLINE-} ]]; then
  echo "flights: offline as asked; 2,000 rows" >&2
  echo "$offline"
elif [[ -s $rows ]] || fetch >&2; then
  echo "flights: 20,000 rows of $package" >&2
  (cd "$(dirname "$rows")" && echo "$PWD/flights-20k.json")
else
  echo "flights: npm could not fetch $package; 2,000 rows instead" >&2
  echo "$offline"
fi
