#!/usr/bin/env bash
# Drives a real VS Code with the extension in it: code-server, and in front of it Chromium without a screen.
#
#   scripts/e2e.sh test [PATTERN]   packages the extension and runs tests/e2e (those whose name fits the pattern)
#   scripts/e2e.sh full             packages the extension with libraries and model (some minutes) and tests that alone
#   scripts/e2e.sh record           records what VS Code sends to the server, for the server's own tests
#
# SCREENSHOTS=1 takes the pictures in vscode-extension/images anew. VSIX=PATH tests another package, CODEODDS_PYTHON=PATH
# with another Python that has the server's libraries and Jedi (default: that of .venv-e2e).
# What is installed stays in tests/e2e/node_modules; Chromium comes from the system, or from apt-get if there is none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

what=${1:-test}
pattern=${2:-.}
e2e=tests/e2e
root=$PWD
export NODE_PINNED=1

die() {
  echo "error: $*" >&2
  exit 1
}

# COMMAND PACKAGE...: what is missing is installed where apt-get is there and may do it.
need() {
  local command=$1
  shift
  command -v "$command" >/dev/null && return
  command -v apt-get >/dev/null && [[ $(id -u) == 0 ]] ||
    die "$command is missing, and only root can install it with apt-get; install it (Debian: apt install $*)."
  echo "installing $* ..." >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null ||
    die "apt-get could not install $*; install it by hand."
}

# FOLDER COMMAND: install what the lock in a folder names.
npm_packages() {
  (cd "$1" && "$root/scripts/node.sh" npm "$2" --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) ||
    die "npm could not get the packages of $1: the npm registry must be reachable (set npm_config_registry to yours)."
}

need unshare util-linux
need ip iproute2
if [[ -z ${CHROMIUM:-} ]]; then
  if ! CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome); then
    need chromium chromium fonts-dejavu-core
    CHROMIUM=$(command -v chromium)
  fi
fi
export CHROMIUM

if [[ -z ${CODEODDS_PYTHON:-} ]]; then
  scripts/venv.sh .venv-e2e completion
  CODEODDS_PYTHON=$root/.venv-e2e/bin/python
fi
export CODEODDS_PYTHON
stamp=$e2e/node_modules/.complete
key=$(cat "$e2e/package-lock.json" "${BASH_SOURCE[0]}" | cksum)
if [[ ! -f $stamp || $(<"$stamp") != "$key" ]]; then
  echo "installing code-server into $e2e/node_modules ..." >&2
  vscode=$e2e/node_modules/code-server/lib/vscode
  npm_packages "$e2e" ci
  # Not "ci": the lock that comes with it lacks an optional package.
  npm_packages "$vscode" install
  # These two are built on the machine. All else ships prebuilt, and needs none of its install scripts.
  (cd "$vscode" && "$root/scripts/node.sh" npm rebuild --loglevel=error @vscode/spdlog @vscode/native-watchdog >/dev/null) ||
    die "npm could not build code-server's native addons; install a C++ compiler and make (Debian: apt install g++ make)."
  echo "$key" >"$stamp"
fi

if [[ -z ${VSIX:-} ]]; then
  if [[ $what == full ]]; then
    PYTHON=$CODEODDS_PYTHON scripts/vsix.sh full >&2
    VSIX=$(echo dist/codeodds-*-linux-*.vsix)
  else
    PYTHON=$CODEODDS_PYTHON scripts/vsix.sh slim >&2
    VSIX=$(echo dist/codeodds-*-slim.vsix)
  fi
fi
VSIX=$(realpath "$VSIX")
export VSIX

case $what in
  test) run=(node --test --test-reporter=spec --test-name-pattern="$pattern" "$e2e/main.test.ts") ;;
  full) run=(node --test --test-reporter=spec "$e2e/full.test.ts") ;;
  record) run=(node "$e2e/record.ts") ;;
  *) die "unknown: $what; test, full or record." ;;
esac

# In namespaces of their own: nothing reaches the network, and nothing outlives the run.
namespaces=(unshare --net --pid --fork --kill-child --mount-proc)
if ! "${namespaces[@]}" true 2>/dev/null; then
  namespaces=(unshare --user --map-root-user --net --pid --fork --kill-child --mount-proc)
fi
if "${namespaces[@]}" true 2>/dev/null; then
  exec "${namespaces[@]}" bash -c 'ip link set lo up && exec "$@"' - scripts/node.sh "${run[@]}"
fi
echo "note: no namespaces here (unshare is not permitted): the run is not cut off from the network." >&2
set -m
scripts/node.sh "${run[@]}" &
trap 'kill -KILL -- -$! 2>/dev/null || true' EXIT
wait $!
