#!/usr/bin/env bash
# Sends 100 orders of 40 steps each through four threads; one order fails now
# and then. Every order's steps must come out complete and in order.
# shellcheck source=../setup.sh
source "$(dirname "$0")/../setup.sh"

for step in {1..40}; do
  for order in {1..100}; do
    luck=fine
    if [[ $order == 7 && $((step % 10)) == 3 ]]; then luck=unlucky; fi
    if [[ $order == 7 && $step == 20 ]]; then luck=crash; fi
    echo "{\"order\":\"o$order\",\"step\":$step,\"luck\":\"$luck\"}"
  done
done >steps.ndjson

"$program" run -c "$here/pipeline.toml" --until-done

# A stable sort by order alone keeps each order's steps as they came out.
by_order() { jq -r '"\(.order) \(.step)"' "$1" | sort -s -k1,1; }
diff <(by_order steps.ndjson) <(by_order done.ndjson) >differences.txt \
  || { head differences.txt; fail "steps are lost, repeated or out of order"; }
echo "$(wc -l <done.ndjson) steps of 100 orders, each order's in order"
