#!/usr/bin/env bash
# Builds the wheel, installs it into an empty environment without Swift on its path, runs the README's lines and the tests.
# L2O_TEST_PYTHON is a Python with torch, numpy and pytest, whose packages the environment then shares; without it they are
# installed, which takes a minute.
set -euo pipefail
cd "$(dirname "$0")"

echo "== the wheel"
wheel=$(./build_wheel.sh)
ls -l "$wheel"

echo "== an empty environment"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${L2O_TEST_PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check "$wheel"
if [[ -n ${L2O_TEST_PYTHON:-} ]]; then
    "$L2O_TEST_PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' \
        > "$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')/shared.pth"
else
    # The build for CPUs alone is a tenth of the other, where the index has it.
    "$python" -m pip install --quiet --disable-pip-version-check "torch==2.13.0+cpu" numpy pytest ||
        "$python" -m pip install --quiet --disable-pip-version-check torch numpy pytest
fi
alone() { (cd "$folder" && env -u PYTHONPATH -u L2O_LIBRARY PATH=/usr/bin:/bin "$python" "$@"); }
alone -m l2o

echo "== the README's lines"
awk '/^```python/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md > "$folder/readme.py"
said=$(alone "$folder/readme.py")
echo "$said"
awk '{ exit !($2 < 0.05) }' <<< "$said"

echo "== tests"
cp -r examples tests "$folder"
alone -m pytest -q -p no:cacheprovider "$folder/tests"
