#!/usr/bin/env bash
# Writes constraints.txt: the newest versions that pyproject.toml allows, as installed together just now.
# Run it on Linux with the oldest Python that the project supports, then run the tests before committing the result.
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
scripts/venv.sh "$tmp/venv" test --unpinned
{
  echo "# Exact versions of everything that the base install and all extras bring. Do not edit: run 'make lock'."
  echo "# A local version label (torch's +cpu) is left out, so that any build of that version fits."
  "$tmp/venv/bin/python" -m pip freeze --disable-pip-version-check --all --exclude-editable 2>/dev/null |
    grep -vE '^(#|pip==)' | sed 's/+cpu$//' | LC_ALL=C sort --ignore-case
} >"$tmp/constraints.txt"
mv "$tmp/constraints.txt" constraints.txt
