#!/bin/sh
# Install the locked dependencies, the product and the example plugin into $VENV: with uv where it is there or can be
# fetched from the package index, else with pip.
set -eu
"$PYTHON" -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
bin="$VENV/bin"
# Debian keeps pip's installer in a package of its own (python3-venv): without it the environment is made without pip.
test -x "$bin/python" || "$PYTHON" -m venv "$VENV" 2>/dev/null || "$PYTHON" -m venv --clear --without-pip "$VENV"

if [ "$UV" = fetch ]; then
    if "$bin/python" tools/fetch_uv.py "$bin"; then UV="$bin/uv"; else UV=""; fi
fi
# A constraint of the machine would fight the lock, which pins every version by its hash.
PIP_CONSTRAINT=/dev/null
export PIP_CONSTRAINT
if [ -n "$UV" ]; then
    # uv brings its own certificates; behind a proxy only those of the machine are right.
    "$UV" --no-config pip install --python "$bin/python" --require-hashes -r requirements.lock ||
        "$UV" --no-config --system-certs pip install --python "$bin/python" --require-hashes -r requirements.lock
    "$UV" --no-config pip install --quiet --python "$bin/python" --no-deps -e . -e examples/harness-plugin ||
        "$UV" --no-config --system-certs pip install --quiet --python "$bin/python" --no-deps -e . -e examples/harness-plugin
else
    "$bin/python" -m pip --version >/dev/null 2>&1 || {
        echo "Neither uv nor pip can be had here: apt install python3-venv, or pip install uv." >&2
        exit 1
    }
    # pip says nothing for nine minutes with --quiet, so its progress stays on.
    "$bin/python" -m pip install --require-hashes -r requirements.lock
    "$bin/python" -m pip install --quiet --no-deps -e . -e examples/harness-plugin
fi
