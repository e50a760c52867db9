#!/usr/bin/env bash
# Greets two people and checks the greetings.
# shellcheck source=../setup.sh
source "$(dirname "$0")/../setup.sh"

printf 'Ada\nGrace\n' \
  | "$program" run -c "$here/pipeline.toml" --until-done >greetings.txt
expect $'Hello, Ada!\nHello, Grace!' <greetings.txt
cat greetings.txt
