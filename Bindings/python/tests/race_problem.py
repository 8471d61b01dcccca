"""The base MLP's problem as `l2o race` draws it: its random numbers, its images, its losses, written once more."""

import functools
import gzip
import math
import pathlib

import numpy as np
import torch

HIDDEN, CLASSES, PIXELS, BATCH, SKIPPED, SCALE = 20, 10, 784, 128, 5000, np.float32(0.1)


def philox(counters, key):
    """Blocks of Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), a row each."""
    c = [np.array(part, np.uint64) for part in np.broadcast_arrays(*counters)]
    key = [int(key[0]), int(key[1])]
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        first, second = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [
            (second >> shift) ^ c[1] ^ np.uint64(key[0]), second & low, (first >> shift) ^ c[3] ^ np.uint64(key[1]),
            first & low]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, -1)


def child(key, index):
    """A branch of a tree of keys."""
    return philox((index, 0, 0x6B657973, 0), key)[:2]


def words(key, count):
    """The first 32-bit numbers of a key."""
    return philox((np.arange((count + 3) // 4), 0, 0, 0), key).reshape(-1)[:count]


def normals(key, count):
    """By Box and Muller's transformation in double precision."""
    drawn = words(key, 2 * count).astype(np.float64).reshape(count, 2)
    radius = np.sqrt(-2 * np.log(drawn[:, 0] * 2.0**-32 + 2.0**-33))
    return (radius * np.cos(2 * math.pi * drawn[:, 1] * 2.0**-32)).astype(np.float32)


def content(folder, name, offset):
    """What an IDX file holds, gzipped or not."""
    path = pathlib.Path(folder) / "mnist" / name
    data = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(name + ".gz").read_bytes())
    return np.frombuffer(data, np.uint8, offset=offset)


@functools.cache
def images(folder):
    """Those from number 5,000 on, and what they show."""
    pixels = content(folder, "train-images-idx3-ubyte", 16).reshape(-1, PIXELS)[SKIPPED:]
    labels = content(folder, "train-labels-idx1-ubyte", 8)[SKIPPED:]
    return torch.tensor(pixels), torch.tensor(labels, dtype=torch.long)


class BaseMLP:
    """MNIST, 784-20-10, sigmoid, minibatches of 128 drawn with replacement from the images from number 5,000 on."""

    def __init__(self, folder, seed, problem):
        self.pixels, self.labels = images(folder)
        key = child((seed, 0), problem)
        self.order = child(key, 1)
        shapes = [(PIXELS, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)]
        sizes = [math.prod(shape) for shape in shapes]
        values = torch.from_numpy(SCALE * normals(child(key, 0), sum(sizes)))
        self.parameters = [
            torch.nn.Parameter(part.reshape(shape).clone()) for part, shape in zip(values.split(sizes), shapes)]

    def loss(self, step):
        """On the minibatch of a step."""
        w1, b1, w2, b2 = self.parameters
        chosen = torch.from_numpy(
            ((words(child(self.order, step), BATCH) * np.uint64(len(self.labels))) >> np.uint64(32)).astype(np.int64))
        hidden = torch.sigmoid(self.pixels[chosen].float() / 255 @ w1 + b1)
        return torch.nn.functional.cross_entropy(hidden @ w2 + b2, self.labels[chosen])
