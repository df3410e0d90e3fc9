#!/usr/bin/env bash
# Runs a script of the VS Code extension's package.json, after installing what its lock names.
#
#   scripts/extension.sh SCRIPT [ARGUMENTS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../vscode-extension"

stamp=node_modules/.complete
key=$(cksum <package-lock.json)
if [[ ! -f $stamp || $(<"$stamp") != "$key" ]]; then
  echo "installing the extension's development packages ..." >&2
  # No package needs its install script here: what is used ships prebuilt.
  ../scripts/node.sh npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || {
    echo "error: npm could not get the packages of package-lock.json: the npm registry must be reachable (set npm_config_registry to yours)." >&2
    exit 1
  }
  echo "$key" >"$stamp"
fi
exec ../scripts/node.sh npm run --silent "$@"
