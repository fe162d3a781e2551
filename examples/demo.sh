#!/bin/sh
# plan, apply and status on keys.yaml, against the embedded sandbox. Keeps everything it makes in
# .keywright/ below this folder; remove that to begin again.
set -eu

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

run keywright init
run keywright plan
run keywright apply --auto-approve
run keywright status
