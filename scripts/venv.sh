#!/usr/bin/env bash
# Builds a virtual environment with this project in it, or leaves it as it is when nothing that it depends on changed.
#
#   scripts/venv.sh DIR [EXTRA] [--unpinned]
#
# DIR is created with Python 3.11 or newer: $PYTHON if set, else the first that fits of python3.11, python3, python3.12, python3.13.
# EXTRA names an extra of pyproject.toml (trainer or test); without it only the server is installed.
# --unpinned leaves constraints.txt aside; it is how `make lock` finds new versions.
set -euo pipefail

dir=$1
extra=${2:-}
pins=(-c constraints.txt)
if [[ ${3:-} == --unpinned ]]; then
  pins=()
fi

die() {
  echo "error: $*" >&2
  exit 1
}

fits() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  if [[ -n ${PYTHON:-} ]]; then
    fits "$PYTHON" || die "PYTHON=$PYTHON is not Python 3.11 or newer; set it to one that is."
    echo "$PYTHON"
    return
  fi
  local candidate
  for candidate in python3.11 python3 python3.12 python3.13; do
    if fits "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  die "no Python 3.11 or newer found; install it (Debian: apt install python3.11-venv, macOS: brew install python@3.11) or set PYTHON=/path/to/python3.11."
}

# pip's own output goes to a log; people see its last lines only when it fails.
install() {
  local log=$dir/pip.log
  "$dir/bin/python" -m pip install --disable-pip-version-check "$@" >>"$log" 2>&1 && return
  { grep -E 'ERROR|Errno|Could not' "$log" || cat "$log"; } | tail -n 4 | sed 's/^ */    /' >&2
  if grep -qiE 'no matching distribution|could not find a version|connection|name resolution|timed out|proxyerror' "$log"; then
    die "pip could not get the packages: a package registry must be reachable (set PIP_INDEX_URL to yours, or PIP_PROXY). Full log: $log"
  fi
  die "pip could not install the packages; its last lines are above. Full log: $log"
}

# The environment is up to date if it was finished for exactly these inputs.
key=$(cat pyproject.toml constraints.txt "${BASH_SOURCE[0]}" <(printf '%s' "$PWD $extra ${pins[*]-}") | cksum)
stamp=$dir/.complete
if [[ -f $stamp && $(<"$stamp") == "$key" ]] && "$dir/bin/python" -c '' 2>/dev/null; then
  exit 0
fi

python=$(find_python)
echo "installing into $dir with $("$python" --version)${extra:+ (extra: $extra)} ..." >&2
rm -f "$stamp"
# An environment whose interpreter is gone or too old cannot be repaired in place.
if [[ -d $dir ]] && ! fits "$dir/bin/python"; then
  rm -rf "$dir"
fi
if [[ ! -x $dir/bin/python ]]; then
  "$python" -m venv "$dir" >&2 || die "$python cannot make a virtual environment; install its venv package (Debian: apt install python3-venv)."
fi
: >"$dir/pip.log"
install "${pins[@]}" -e ".${extra:+[$extra]}"
echo "$key" >"$stamp"
