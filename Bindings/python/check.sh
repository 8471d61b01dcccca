#!/usr/bin/env bash
# Builds the wheel, installs it into an empty environment without Swift on its path, runs the README's lines and the tests.
# L2O_TEST_PYTHON is a Python with torch, numpy, pytest, jax and optax, whose packages the environment shares; without it
# test_python.sh makes one. L2O_COMMAND is the command l2o that goes into the wheel; without it the wheel has none.
set -euo pipefail
cd "$(dirname "$0")"

echo "== the wheel"
wheel=$(./build_wheel.sh)
ls -l "$wheel"

echo "== an empty environment"
packages=${L2O_TEST_PYTHON:-$(./test_python.sh)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$packages" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check "$wheel"
paths='import sysconfig; print(sysconfig.get_paths()["purelib"])'
"$packages" -c "$paths" > "$("$python" -c "$paths")/shared.pth"
alone() { (cd "$folder" && env -u PYTHONPATH -u L2O_LIBRARY PATH=/usr/bin:/bin "$python" "$@"); }
alone -m l2o

# Tests race with the wheel's own command, or with one that was built here.
if [[ -n ${L2O_COMMAND:-} ]]; then
    echo "== the command"
    l2o() { (cd "$folder" && env -i PATH=/usr/bin:/bin HOME="$folder" "$folder/venv/bin/l2o" "$@"); }
    l2o --version
    l2o quickstart --iterations 2 --out "$folder/quickstart" > /dev/null
    ls "$folder"/quickstart/{race,trained/race}.svg "$folder/quickstart/training/latest.safetensors"
elif [[ -z ${L2O_TEST_COMMAND:-} && -x ../../.build/release/l2o ]]; then
    L2O_TEST_COMMAND=$(realpath ../../.build/release/l2o)
    export L2O_TEST_COMMAND
fi

echo "== the README's lines"
awk '/^```python/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md > "$folder/readme.py"
said=$(alone "$folder/readme.py")
echo "$said"
awk '{ exit !($2 < 0.05) }' <<< "$said"

echo "== tests"
cp -r examples tests "$folder"
alone -m pytest -q -p no:cacheprovider "$folder/tests"
