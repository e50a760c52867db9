#!/usr/bin/env bash
# Runs the flights pipeline on three nodes, kills one of them when half of the
# rows are measured, and compares the totals with a plain recomputation.
# shellcheck source=../setup.sh
source "$(dirname "$0")/../setup.sh"
pipeline=$here/pipeline.toml
flights=$here/../flights
program=$(dirname "$program")/example_flights

command -v etcd >/dev/null || fail "install etcd-server: nodes run it"

# Nodes leave their etcd running on purpose; here it goes with them.
end_etcds() {
  local file
  for file in data-*/etcd.pid; do
    [[ ! -e $file ]] || kill -9 "$(grep -o '[0-9]*' "$file" | head -1)" \
      2>/dev/null || true
  done
}
trap 'clean_up_nodes' EXIT
clean_up_nodes() {
  end_etcds
  clean_up
}

declare -A port=([n1]=24810 [n2]=24820 [n3]=24830) pid=()
node() { # NAME COMMAND...: as that node
  local name=$1
  shift
  NODE=$name PORT=${port[$name]} "$program" "$@" -c "$pipeline"
}
start() { # NAME
  NODE=$1 PORT=${port[$1]} "$program" run -c "$pipeline" >"$1.log" 2>&1 &
  pid[$1]=$!
}
state() { node "$1" state ls measure --json; }
measured() { # NAME: rows that show in the state, as that node has it
  { state "$1" 2>/dev/null || true; } | jq -s '[flatten[]
    | select(.name == "count") | .value | tonumber] | add // 0'
}
wait_for() { # SECONDS WHAT COMMAND...
  local most=$1 what=$2
  shift 2
  for ((poll = 0; poll < most * 10; poll++)); do
    "$@" && return
    sleep 0.1
  done
  tail -n 5 n?.log >&2
  fail "$what: not within $most s"
}
all_led() {
  [[ $(node n1 cluster ring show --json 2>/dev/null \
    | jq -s '[flatten[] | select(.leader != "")] | length') == 64 ]]
}
at_least() { (($(measured "$1") >= $2)); }

python3 -B "$flights/plant.py" "$("$flights/fetch.sh")" flights.json
rows=$(jq length flights.json)
good=$((rows - 10)) # ten are planted that nobody can measure
export FLIGHTS_PAUSE_US=$((30000000 / rows))

echo "== three nodes, $rows rows"
for name in n1 n2 n3; do start $name; done
wait_for 60 "that every group has a leader" all_led
node n1 cluster status
wait_for 120 "that half of the rows are measured" at_least n1 $((good / 2))

echo "== kill -9 of n2 after $(measured n1) rows"
began=$(date +%s%N)
before=$(measured n1)
kill -9 "${pid[n2]}"
wait "${pid[n2]}" 2>/dev/null || true
wait_for 30 "that the others go on" at_least n1 $((before + rows / 50))
echo "went on after $((($(date +%s%N) - began) / 1000000)) ms"
wait_for 180 "that all rows are measured" at_least n1 "$good"

same() { # what a recomputation from the file alone gives
  state n1 >state.json
  node n1 dlq show measure.dead --json >dead.json
  python3 -B "$flights/recompute.py" flights.json state.json alerts.ndjson \
    dead.json
}
# Alerts are on their way to the sink when the last row is measured.
wait_for 30 "the totals of a recomputation" same >recomputed.log
tail -n 1 recomputed.log
node n1 cluster status
for name in n1 n3; do kill -TERM "${pid[$name]}"; done
for name in n1 n3; do wait "${pid[$name]}" || fail "$name did not stop well"; done
