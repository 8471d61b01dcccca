"""What every peer shares: the constants of the rules, the data, the tasks, the initial weights. NumPy only.

The base MLP's parameters lie in one flat vector: W1 [784, 20], b1 [20], W2 [20, 10], b2 [10], then the 20 coordinates
of the convex function. An LSTM layer has one [inputs + hidden, 4 * hidden] matrix, its gates in the order i, j, f, o;
1 is added to the forget gate's sum.
"""
import gzip
import math
import os
import struct

import numpy as np

HIDDEN = 20          # units of each LSTM layer
STEPS = 20           # steps of a period
BATCH = 128
PIXELS, UNITS, CLASSES, CONVEX = 784, 20, 10, 20
MLP = PIXELS * UNITS + UNITS + UNITS * CLASSES + CLASSES
COORDINATES = MLP + CONVEX

BETA, RATE, EPSILON = 0.95, 0.1, 1e-8      # RNNprop; DMoptimizer has the same rate
P = 10.0                                   # DMoptimizer
META_RATE, META_BETA1, META_BETA2, META_EPSILON = 1e-4, 0.9, 0.999, 1e-8


def read_idx(folder, stem, rank):
    """An IDX file of bytes, gzipped or not, under either of its names."""
    names = [f"{stem}{mark}idx{rank}-ubyte{end}" for mark in "-." for end in ("", ".gz")]
    path = next(p for p in (os.path.join(folder, name) for name in names) if os.path.exists(p))
    with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
        raw = file.read()
    shape = struct.unpack(f">{rank}I", raw[4:4 + 4 * rank])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def mnist():
    """MNIST's 55,000 training images as rows of floats, and their labels."""
    folder = os.path.join(os.environ["L2O_DATA_DIR"], "mnist")
    images = read_idx(folder, "train-images", 3)[5000:]
    labels = read_idx(folder, "train-labels", 1)[5000:]
    return images.reshape(len(images), -1).astype(np.float32) / 255, labels.astype(np.int32)


def draw_task(random, images, periods):
    """Initial parameters, scales, the convex function's point, and which images each step sees (sections 4.1, 4.3)."""
    bound = np.where(np.arange(COORDINATES) < MLP, 3.0, 1.0)
    scale = np.exp(random.uniform(-1, 1, COORDINATES) * bound)
    start = np.concatenate([random.normal(0, 0.1, MLP), np.zeros(CONVEX)]) / scale
    point = random.uniform(-1, 1, CONVEX)
    batches = random.integers(0, images, (periods, STEPS, BATCH), dtype=np.int32)
    return [values.astype(np.float32) for values in (start, scale, point)] + [batches]


def draw_weights(random, kind):
    """Projection and read-out normal with deviation 0.1, LSTM matrices Glorot uniform, biases 0."""
    inputs = HIDDEN if kind == "rnnprop" else 2

    def normal(*shape):
        return (0.1 * random.standard_normal(shape)).astype(np.float32)

    def glorot(*shape):
        bound = math.sqrt(6 / sum(shape))
        return random.uniform(-bound, bound, shape).astype(np.float32)

    zeros = lambda n: np.zeros(n, np.float32)
    weights = {"in_w": normal(2, HIDDEN), "in_b": zeros(HIDDEN)} if kind == "rnnprop" else {}
    return weights | {
        "l1_w": glorot(inputs + HIDDEN, 4 * HIDDEN), "l1_b": zeros(4 * HIDDEN),
        "l2_w": glorot(2 * HIDDEN, 4 * HIDDEN), "l2_b": zeros(4 * HIDDEN),
        "out_w": normal(HIDDEN), "out_b": zeros(1),
    }


def draw_step(random, count):
    """Parameters and a gradient."""
    draw = lambda scale: scale * random.standard_normal(count, dtype=np.float32)
    return draw(np.float32(0.1)), draw(np.float32(0.01))
