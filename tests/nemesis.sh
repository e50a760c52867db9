#!/usr/bin/env bash
# Harms clusters of three nodes under load, in all the ways there are, or those
# named: `tests/nemesis.sh [--seconds 60] [--seed N] [N1 N3...]`. Takes a build
# in build/release; NEMESIS_PROGRAM names another node with the witness. What
# fails leaves its logs and stores, and says where.
set -uo pipefail
cd "$(dirname "$0")/.."
program=${NEMESIS_PROGRAM:-build/release/tests/cluster/cluster_witness}
seconds=60
seed=()
runs=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --seconds) seconds=$2; shift ;;
    --seed) seed=(--seed "$2"); shift ;;
    *) runs+=("$1") ;;
  esac
  shift
done
if [[ ! -x $program ]]; then
  echo "nemesis: there is no $program; build the target cluster_witness" >&2
  exit 1
fi
[[ ${#runs[@]} -gt 0 ]] || runs=(N{1..14})

declare -A found
for run in "${runs[@]}"; do
  /usr/bin/python3 -B tests/cluster/nemesis.py "$run" --program "$program" \
    --seconds "$seconds" ${seed[@]+"${seed[@]}"} --keep
  case $? in
    0) found[$run]=passed ;;
    77) found[$run]=skipped ;;
    *) found[$run]=FAILED ;;
  esac
done
failed=0
for run in "${runs[@]}"; do
  echo "$run ${found[$run]}"
  [[ ${found[$run]} == FAILED ]] && failed=1
done
exit "$failed"
