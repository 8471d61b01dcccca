#!/usr/bin/env bash
# Makes a Python for the tests that hold ours against other programs' readers, in .build/python, and prints its path:
#   L2O_PYTHON=$(Scripts/test_python.sh) make test
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
    numpy==2.2.6 safetensors==0.5.3 tensorboard==2.19.0 setuptools==80.9.0 onnx==1.23.2 onnxruntime==1.32.0
)
folder=$PWD/.build/python
python=$folder/bin/python
if ! "$python" -c "import safetensors.numpy, tensorboard, onnx, onnxruntime" 2> /dev/null; then
    # Where ensurepip is missing, Debian's package is called python3-venv.
    python3 -m venv "$folder" >&2
    "$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >&2
fi
echo "$python"
