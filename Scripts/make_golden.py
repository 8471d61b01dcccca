#!/usr/bin/env python3
"""Records what a build of l2o computes, bit for bit, for the tests in Tests/CommandLineTests/Golden.

    L2O_RIVALS_DIR=FOLDER Scripts/make_golden.py .build/release/l2o

Writes Tests/Fixtures/golden-*: final losses of races, weights after meta-training, a store of results and a folder of
an unfinished meta-training run. Run it only where a result is meant to change, and with the build that is right.

Kernels differ in their bits, so every value says for which it holds. oneDNN picks its code by processor, so it is held
to AVX2. Values that pass through it are compared exactly on the processors listed here alone, and elsewhere roughly.
Numbers are written as the hexadecimal digits of their IEEE format; digests are FNV-1a of 64 bits.
"""

import json
import os
import pathlib
import platform
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "Tests" / "Fixtures"
WEIGHTS = ROOT / "Sources" / "CShippedWeights"

# Vendor and family as /proc/cpuinfo has them. The first made the values. The two others are QEMU's Haswell and EPYC,
# which gave the same losses in shorter races of digits-mlp, digits-mlp-relu and sine-lstm. Leaving FMA and AVX2 out of
# glibc's libm (GLIBC_TUNABLES) changed none of them.
EXACT_ON = ["AuthenticAMD 25", "AuthenticAMD 23", "GenuineIntel 6"]

HAND_DESIGNED = [
    "sgd:lr=0.1",
    "momentum:lr=0.05",
    "nesterov:lr=0.05",
    "adagrad:lr=0.05",
    "rmsprop:lr=0.01",
    "adadelta",
    "adam:lr=0.02",
    "adam:lr=0.02,cosine=12,warmup=3",
    "adamw:lr=0.02",
]
# A file's name and its options; RIVALS are in L2O_RIVALS_DIR.
LEARNED = ["rnnprop-mnist", "rnnprop-mnist-paper", "rnnprop-mnist:state=half"]
RIVALS = ["dm", "rnnprop_cl_il", "dm:state=half"]
EVERY = HAND_DESIGNED + LEARNED

# Problem, its steps and problems, whether oneDNN computes it, the optimizers, and whether rivals take part.
RACES = [
    ("quadratic:n=50", 12, 2, False, EVERY + ["sgd:lr=sweep"], True),
    ("rastrigin", 12, 2, False, EVERY, True),
    ("convex:n=33", 12, 2, False, EVERY, True),
    ("digits-mlp", 12, 1, True, EVERY, True),
    ("digits-mlp-relu:width=8,depth=2,batch=32", 12, 2, True, EVERY, True),
    ("sine-lstm:hidden=6,layers=2,length=8,batch=16", 12, 2, True, EVERY, True),
    ("digits-cnn", 4, 1, True, ["adam:lr=0.02"], False),
]
# Optimizer, problem, options, iterations with each kind of kernels, whether oneDNN computes it.
SHORT = "--horizon 20 --unroll 5"
TRAININGS = [
    ("rnnprop", "digits-mlp:width=4", SHORT, {"avx2": 50, "baseline": 3}, True),
    ("dm", "digits-mlp:width=4", SHORT, {"avx2": 50, "baseline": 3}, True),
    ("rnnprop", "quadratic", "", {"avx2": 50, "baseline": 50}, False),
    ("dm", "quadratic", "", {"avx2": 50, "baseline": 50}, False),
    ("rnnprop", "quadratic:n=50", SHORT + " --meta-batch 3 --selection validation", {"avx2": 6, "baseline": 6}, False),
    ("rnnprop", "quadratic:n=50", SHORT + " --keep 0.5 --scaling-draw uniform", {"avx2": 6, "baseline": 6}, False),
    ("dm", "quadratic:n=50", SHORT + " --meta-loss last --convex 5 --scaling 2", {"avx2": 6, "baseline": 6}, False),
    (
        "rnnprop", "rastrigin:n=70", SHORT + " --backward-stride 2 --scaling-per function --meta-loss mean",
        {"avx2": 6, "baseline": 6}, False,
    ),
]  # fmt: skip

# An unfinished run, and how far it goes on.
RESUMED = "meta-train --quiet --seed 1 --optimizer rnnprop --optimizee quadratic --out golden-run"
BEFORE, AFTER = 3, 6
STORED = "reproduce E8 --quick --seeds 1 --out out"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    command = pathlib.Path(sys.argv[1]).resolve()
    if "L2O_RIVALS_DIR" not in os.environ:
        sys.exit("L2O_RIVALS_DIR: names the folder with dm.safetensors; set it")
    with tempfile.TemporaryDirectory() as folder:
        write("golden-races.json", {"exact_on": EXACT_ON, "made": about(command), "races": races(command, folder)})
        run = interrupted_run(command, folder)
        write("golden-training.json", {"trainings": trainings(command, folder), "resumed": run})
        write("golden-store.json", store(command, folder))


def about(command):
    version = l2o(command, ["--version"], "avx2").splitlines()
    return {"command": version[0], "libc": " ".join(platform.libc_ver()), "processor": processor()}


def processor():
    fields = {}
    for line in open("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    return f"{fields['vendor_id']} {fields['cpu family']}"


def l2o(command, arguments, kernels, folder=None):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("L2O_")}
    environment |= {"L2O_KERNELS": kernels, "ONEDNN_MAX_CPU_ISA": "AVX2"}
    done = subprocess.run([command, *arguments], env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


# Races


def races(command, folder):
    result = []
    for optimizee, steps, seeds, uses_onednn, optimizers, with_rivals in RACES:
        names = optimizers + (["rivals/" + name for name in RIVALS] if with_rivals else [])
        result.append(
            {
                "optimizee": optimizee, "steps": steps, "seeds": seeds, "uses_onednn": uses_onednn,
                "optimizers": names,
                "results": {k: race(command, optimizee, steps, seeds, names, k) for k in ("baseline", "avx2")},
            }
        )  # fmt: skip
    return result


def race(command, optimizee, steps, seeds, names, kernels):
    arguments = ["race", "--json", "--quiet", "--optimizee", optimizee, "--steps", str(steps)]
    arguments += ["--problems", str(seeds)]
    arguments += ["--optimizer", *map(specification, names)]
    results = json.loads(l2o(command, arguments, kernels))["results"]
    for name, result in zip(names, results):
        if result["diverged"]:
            sys.exit(f"{name} diverges on {optimizee}: choose another rate")
    return [
        {
            "final_loss": [double(x) for x in result["final_loss"]],
            "curve": digest(b"".join(struct.pack("<f", x) for curve in result["curve"] for x in curve)),
        }
        for result in results
    ]


def specification(name):
    file, colon, options = name.partition(":")
    if file.startswith("rivals/"):
        return os.environ["L2O_RIVALS_DIR"] + f"/{file[7:]}.safetensors{colon}{options}"
    return f"{WEIGHTS}/{file}.safetensors{colon}{options}" if file.startswith("rnnprop") else name


# Meta-training


def trainings(command, folder):
    result = []
    for optimizer, optimizee, options, iterations, uses_onednn in TRAININGS:
        values = {}
        for kernels, count in iterations.items():
            shutil.rmtree(f"{folder}/run", ignore_errors=True)
            arguments = f"meta-train --quiet --seed 1 --optimizer {optimizer} --optimizee {optimizee} {options}"
            l2o(command, f"{arguments} --iterations {count} --out run".split(), kernels, folder)
            values[kernels] = {"iterations": count, **trained(f"{folder}/run")}
        result.append({"arguments": arguments, "uses_onednn": uses_onednn, "results": values})
    return result


def trained(run):
    """Digests of the tensors of the latest checkpoint, and of all numbers of the log but seconds."""
    numbers = []
    for line in open(f"{run}/metrics.jsonl"):
        values = json.loads(line)
        numbers += [values["meta_loss"], *values["period_losses"], *values["gradient_norms"]]
    return {
        "tensors": tensors(f"{run}/latest.safetensors"),
        "best": tensors(f"{run}/best.safetensors"),
        "log": digest(b"".join(struct.pack("<d", x) for x in numbers)),
    }


def tensors(path):
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__")
    spans = {name: [8 + length + offset for offset in tensor["data_offsets"]] for name, tensor in header.items()}
    return {name: digest(data[begin:end]) for name, (begin, end) in sorted(spans.items())}


def interrupted_run(command, folder):
    l2o(command, f"{RESUMED} --iterations {BEFORE}".split(), "avx2", folder)
    kept = FIXTURES / "golden-run"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.move(f"{folder}/golden-run", kept)
    (kept / "learning-curve.svg").unlink()
    l2o(command, f"{RESUMED} --iterations {AFTER}".split(), "avx2", folder)
    return {
        "arguments": RESUMED, "kernels": "avx2", "before": BEFORE, "after": AFTER,
        **trained(f"{folder}/golden-run"),
    }  # fmt: skip


# The store


def store(command, folder):
    l2o(command, STORED.split(), "avx2", folder)
    shutil.copy(f"{folder}/out/store.sqlite", FIXTURES / "golden-store.sqlite")
    panels = json.load(open(f"{folder}/out/results.json"))["panels"]
    return {
        "arguments": STORED,
        "kernels": "avx2",
        "panels": {
            panel["id"]: [
                {"label": result["label"], "name": result["optimizer"], "final_loss": double(result["final_loss"][0])}
                for result in panel["race"]["results"]
            ]
            for panel in panels
        },
    }


def double(value):
    return struct.pack(">d", value).hex()


def digest(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def write(name, value):
    (FIXTURES / name).write_text(json.dumps(value, indent=1) + "\n")
    print(f"written: {FIXTURES / name}")


main()
