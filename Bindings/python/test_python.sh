#!/usr/bin/env bash
# Makes a Python with what the package's tests need, in ../.build/test-python, and prints its path; a minute the first time.
set -euo pipefail
cd "$(dirname "$0")"

folder=$(realpath -m ../.build/test-python)
python=$folder/bin/python
if ! "$python" -c "import torch, numpy, pytest, jax, optax" 2> /dev/null; then
    if ! python3 -c "import ensurepip" 2> /dev/null; then ../../Scripts/apt_install.sh python3-venv >&2; fi
    python3 -m venv --clear "$folder" >&2
    install() { "$python" -m pip install --quiet --disable-pip-version-check "$@" >&2; }
    # The build for CPUs alone is a tenth of the other, where the index has it.
    install "torch==2.13.0+cpu" || install torch==2.13.0
    install numpy==2.4.6 pytest==9.2.0 jax==0.10.2 optax==0.2.8
fi
echo "$python"
