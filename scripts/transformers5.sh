#!/usr/bin/env bash
# Runs the tests of training with transformers 5 laid over the development environment, whose own version stays as it is.
#
#   scripts/transformers5.sh VENV [PYTEST ARGUMENTS]
#
# The overlay is a folder in VENV that comes first on the path. It is made anew when tests/transformers5.txt changes.
set -euo pipefail

venv=$1
shift
overlay=$venv/transformers5
pins=tests/transformers5.txt
tests=(
  tests/trainer/training/test_value_model.py
  tests/trainer/training/test_train.py
  tests/trainer/training/test_training_options.py
  tests/trainer/training/test_fit.py
  tests/trainer/training/test_processes.py
)

key=$(cat "$pins" "$venv/.complete" | cksum)
if [[ ! -f $overlay/.complete || $(<"$overlay/.complete") != "$key" ]]; then
  echo "installing $pins into $overlay ..." >&2
  rm -rf "$overlay"
  "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps --target "$overlay" -r "$pins" || {
    echo "error: pip could not get the packages of $pins: a package registry must be reachable (set PIP_INDEX_URL to yours)." >&2
    exit 1
  }
  echo "$key" >"$overlay/.complete"
fi
PYTHONPATH=$overlay exec "$venv/bin/python" -m pytest "${tests[@]}" "$@"
