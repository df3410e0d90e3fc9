#!/usr/bin/env bash
# Packages the VS Code extension twice into dist/: a full VSIX for this platform (server, libraries, default bundle), and
# a slim one for every platform (server alone).
#
#   scripts/vsix.sh [full|slim]
#
# The libraries are for the Python that packages, $PYTHON or python3.11. VSIX_PYTHONS="3.12 3.13" adds those of others.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

which=${1:-both}
extension=vscode-extension
bundled=$extension/bundled
python=${PYTHON:-python3.11}

die() {
  echo "error: $*" >&2
  exit 1
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  die "$python is not Python 3.11 or newer; set PYTHON=/path/to/python3.11."
# Without line ends: the shell would keep one half of those that Python writes on Windows.
version=$("$python" -c 'import json; print(json.load(open("vscode-extension/package.json"))["version"], end="")')

# A warning of vsce is an error here.
vsce() {
  local log
  log=$(mktemp)
  if ! (cd "$extension" && ../scripts/node.sh npx --no-install vsce package --no-dependencies --allow-missing-repository \
    --no-rewrite-relative-links "$@" >"$log" 2>&1) || grep -q WARNING "$log"; then
    cat "$log" >&2
    rm "$log"
    die "vsce did not package $extension without warnings; see above."
  fi
  grep 'Packaged:' "$log"
  rm "$log"
}

libraries() {
  local tag=$1
  shift
  "$python" -m pip install --disable-pip-version-check --no-compile --only-binary=:all: \
    --target "$bundled/libs/$tag" -c constraints.txt "$@" -r "$bundled/requirements.txt" >"$bundled/pip.log" 2>&1 || {
    grep -E 'ERROR|Errno' "$bundled/pip.log" | tail -n 4 >&2
    die "pip could not get the libraries for $tag: a package registry must be reachable (set PIP_INDEX_URL to yours)."
  }
  rm -rf "$bundled/libs/$tag/bin"
  # Tests of libraries are a third of their files, and nothing imports them.
  find "$bundled/libs/$tag" -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
}

rm -rf "$bundled"
mkdir -p "$bundled/server" "$bundled/docs" dist
cp -R server/codeodds "$bundled/server/"
find "$bundled/server" -type d -name __pycache__ -prune -exec rm -rf {} +
cp docs/codes.md docs/settings.md "$bundled/docs/"
cp NOTICE "$bundled/"
scripts/extension.sh build --production

if [[ $which != full ]]; then
  vsce --out "../dist/codeodds-$version-slim.vsix"
fi
if [[ $which != slim ]]; then
  target=$(scripts/node.sh node -p 'process.platform + "-" + process.arch')
  "$python" -c '
import tomllib
print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]))' >"$bundled/requirements.txt"
  own=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2], end="")')
  libraries "cp${own/./}"
  for other in ${VSIX_PYTHONS:-}; do
    [[ $other == "$own" ]] || libraries "cp${other/./}" --implementation cp --python-version "$other"
  done
  rm "$bundled/requirements.txt" "$bundled/pip.log"
  mkdir "$bundled/models"
  cp -R models/default "$bundled/models/"
  # The search for secrets reads every file as text and does not come back from 70 MB of weights. The slim package, which
  # has the same code in it, was searched.
  vsce --target "$target" --allow-package-all-secrets --out "../dist/codeodds-$version-$target.vsix"
fi
for file in dist/codeodds-"$version"-*.vsix; do
  wc -c <"$file" | awk -v file="$file" '{ printf "%s\t%.1f MB\n", file, $1 / 1000000 }'
done
