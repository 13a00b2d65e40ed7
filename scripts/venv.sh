#!/bin/sh
# Makes a virtual environment in $1 with the first Python that is new enough; $PYTHON goes first. Touches nothing else.
set -eu

for python in ${PYTHON:-} python3 python python3.14 python3.13 python3.12 python3.11; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "Making $1 with $("$python" --version) ($python)"
        exec "$python" -m venv "$1"
    fi
done

echo "No Python 3.11 or newer was found on the path. Install one, or name it: make PYTHON=/path/to/python3.11" >&2
exit 1
