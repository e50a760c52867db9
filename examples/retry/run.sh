#!/usr/bin/env bash
# Runs jobs that fail now and then and one that always does.
# shellcheck source=../setup.sh
source "$(dirname "$0")/../setup.sh"

printf '%s\n' 'fine 1' 'flaky 2' 'poison 3' 'fine 4' 'flaky 5' >jobs.txt
"$program" run -c "$here/pipeline.toml" --until-done
sort done.txt | expect 'fine 1 at attempt 1
fine 4 at attempt 1
flaky 2 at attempt 3
flaky 5 at attempt 3'

"$program" dlq show work.dead --json -c "$here/pipeline.toml" >dead.json
# A header's value is text; this one's is a JSON array.
jq -s -r 'flatten | .[] | "\(.body): \(.headers["x-error-text"])",
  (.headers["x-attempts"] | if type == "string" then fromjson else . end
    | .[] | "  \(.text)")' dead.json >dead.txt
expect 'poison 3: poison, as ever
  poison, as ever
  poison, as ever
  poison, as ever
  poison, as ever' <dead.txt
cat done.txt dead.txt
