#!/bin/sh
# Node 26 comes as an npm package. On a bare Debian it lacks one library: this says so, and as root installs it.
set -eu
node="$(dirname "$0")/../node_modules/.bin/node"

if said=$("$node" --version 2>&1); then exit 0; fi
case "$said" in
  *libatomic.so.1*) ;;
  *)
    echo "$node: cannot be run: $said" >&2
    echo "fix: npm ci" >&2
    exit 5
    ;;
esac
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Node 26 needs libatomic.so.1, which is not on this machine" >&2
  echo "fix: sudo apt-get install libatomic1" >&2
  exit 5
fi
echo "Installing on this machine: libatomic1 (Node 26 needs it)"
apt-get -q update >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends libatomic1 >/dev/null
"$node" --version >/dev/null
