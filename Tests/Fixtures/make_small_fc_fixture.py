"""Writes small-fc.safetensors beside this script: what the authors' own program computes, cut down.

    pip install numpy safetensors && python3 Tests/Fixtures/make_small_fc_fixture.py FOLDER

FOLDER holds small_fc_lopt_h4.f64.safetensors and small_fc_lopt_h32.f64.safetensors: 25 steps of `AdafacMLPLOpt` of
github.com/google/learned_optimization (commit 32186aa4, Apache-2.0; JAX 0.10.2) in float64 on made-up gradients, which
both have in common. Kept are gradients, weights and first parameters, all of which float32 holds exactly; parameters
after steps 1, 2, 3 and 25; and the features of step 3, of the larger network.
"""

import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

folder = pathlib.Path(sys.argv[1])
kept = {}
for name in ["h4", "h32"]:
    golden = load_file(folder / f"small_fc_lopt_{name}.f64.safetensors")
    for key, values in golden.items():
        inputs = key.startswith(("grad/", "step_00/param/"))
        if inputs or key.startswith("weights/"):
            single = values.astype(np.float32)
            assert np.array_equal(single, values), key
            place = key if inputs else f"{name}/{key}"
            assert place not in kept or np.array_equal(kept[place], single), key
            kept[place] = single
        steps = tuple(f"step_{step}/param/" for step in ["01", "02", "03", "25"])
        if key.startswith(steps) or (name == "h32" and key.startswith("step_03/feature/")):
            kept[f"{name}/{key}"] = values
save_file(kept, pathlib.Path(__file__).with_name("small-fc.safetensors"))
