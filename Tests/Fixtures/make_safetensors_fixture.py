"""Writes python.safetensors beside this script, with Python's own safetensors (0.8.0 when it was committed).

pip install safetensors numpy ml_dtypes; python3 make_safetensors_fixture.py
"""

from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

half = np.array([0.0, -0.0, 1.0, -2.5, 65504.0, 2.0**-14, 2.0**-24, 1023 * 2.0**-24, np.inf, -np.inf, np.nan])
tensors = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    "scalar": np.array(3.25, dtype=np.float32),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "double": np.array([0.1, -1e300, 2.0**-149], dtype=np.float64),
    "half": half.astype(np.float16),
    "brain": np.array([1.0, -3.140625, 2.0**100], dtype=ml_dtypes.bfloat16),
    "größe/\"quoted\"\n": np.array([[[7.0]]], dtype=np.float32),
}
metadata = {"kind": "rnnprop", "ключ": "tab\tquote\" backslash\\ 🙂"}
save_file(tensors, Path(__file__).with_name("python.safetensors"), metadata=metadata)
