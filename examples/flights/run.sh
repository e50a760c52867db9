#!/usr/bin/env bash
# Measures a file of flights twice, the second time with a kill -9 on the way,
# and compares both results with a plain recomputation.
# shellcheck source=../setup.sh
source "$(dirname "$0")/../setup.sh"
pipeline=$here/pipeline.toml

run() { "$program" run -c "$pipeline" --until-done; }
state() { "$program" state ls measure --json -c "$pipeline"; }
handled() {
  jq -s '[flatten[] | select(.name == "count") | .value | tonumber]
    | add // 0'
}

check() {
  state >state.json
  "$program" dlq show measure.dead --json -c "$pipeline" >dead.json
  python3 -B "$here/recompute.py" flights.json state.json alerts.ndjson \
    dead.json || fail "$1 does not give what a recomputation gives"
}

# Starts a slow run, waits until a quarter of the rows shows in the state, and
# kills the process.
run_and_kill() {
  FLIGHTS_PAUSE_US=$((16000000 / rows)) "$program" run -c "$pipeline" \
    --until-done >killed.log 2>&1 &
  local node=$! seen=0
  for ((poll = 0; poll < 1200 && seen < rows / 4; poll++)); do
    kill -0 $node 2>/dev/null \
      || { cat killed.log >&2; fail "the run ended before it was killed"; }
    seen=$({ state 2>/dev/null || true; } | handled)
    sleep 0.02
  done
  "$program" show status -c "$pipeline" || fail "the node gives no status"
  kill -9 $node
  wait $node 2>/dev/null || true
  local left
  left=$(state | handled)
  echo "killed when $seen of $rows rows showed; $left are in the store"
  [[ $seen -ge $((rows / 4)) ]] || fail "no progress showed within the time"
  [[ $left -ge $seen ]] || fail "the kill took back what had been committed"
  [[ $left -lt $((rows - 10)) ]] || fail "the kill came too late to test it"
}

show() {
  echo; echo "airport  flights  mean delay (minutes)"
  jq -s -r 'flatten | group_by(.scope)
    | map({origin: .[0].scope} + (map({(.name): .value | tonumber}) | add))
    | sort_by(-.count, .origin) | .[:10][]
    | [.origin, .count, (.delay_sum / .count * 10 | round / 10)] | @tsv' \
    state.json | awk '{ printf "%-7s  %7d  %10.1f\n", $1, $2, $3 }'
  echo; echo "alerts (more than 120 minutes): $(wc -l <alerts.ndjson)"
  echo "dead letters: $(jq -s 'flatten | length' dead.json)"
  jq -s -r 'flatten[] | "  \(.headers["x-error-text"]): \(.body)"' dead.json
  echo "consumers that crashed and were restarted:" \
    "$(jq -s '[flatten[] | select(.name == "crashes") | .value | tonumber]
      | add // 0' state.json)"
}

python3 -B "$here/plant.py" "$("$here/fetch.sh")" flights.json
rows=$(jq length flights.json)

echo "== $rows rows, undisturbed"
time run
check "the undisturbed run"

echo "== the same with a kill -9 on the way"
rm -rf flights-data alerts.ndjson
run_and_kill
run
check "the run that was killed"
show
