#!/usr/bin/env bash
# Makes the Python environment of the peers, Benchmarks/.venv, or says in one line why there is none; ours is then
# measured alone.
set -uo pipefail
peers=$(cd "$(dirname "$0")" && pwd)
environment=$(dirname "$peers")/.venv

# Installed once, and again where the requirements have changed.
if cmp --silent "$peers/requirements.txt" "$environment/requirements.txt"; then exit 0; fi

alone() {
    rm -rf "$environment"
    echo "bench: $1; measuring ours alone" >&2
    exit 0
}

command -v python3 > /dev/null || alone "there is no python3"
python3 -m venv --clear "$environment" > /dev/null 2>&1 || alone "python3 cannot make a virtual environment"
echo "bench: installing the peers' packages, several GB; this happens once" >&2
"$environment/bin/pip" install --quiet --requirement "$peers/requirements.txt" > /dev/null 2>&1 \
    || alone "the packages in $peers/requirements.txt cannot be installed"
cp "$peers/requirements.txt" "$environment/requirements.txt"
