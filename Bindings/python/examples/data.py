"""MNIST's and CIFAR-10's own files, and a text that comes with Python, as tensors."""

import functools
import gzip
import sys
from pathlib import Path

import numpy as np
import torch


@functools.cache
def mnist(folder):
    """(images, labels) to train on and to test on, from the gzipped IDX files in FOLDER/mnist; pixels from 0 to 1."""
    def read(name):
        path = _existing(folder, f"mnist/{name}-ubyte.gz")
        try:
            content = gzip.decompress(path.read_bytes())
            sizes = np.frombuffer(content, ">i4", content[3], 4)
            return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(sizes)
        except (OSError, EOFError, IndexError, ValueError) as error:
            sys.exit(f"{path}: not an IDX file ({error}); fetch it again")

    return [
        (torch.tensor(read(f"{part}-images-idx3")).flatten(1) / 255, torch.tensor(read(f"{part}-labels-idx1")).long())
        for part in ("train", "t10k")
    ]


@functools.cache
def cifar10(folder):
    """(images, labels) to train on and to test on, from the binary files in FOLDER/cifar-10-batches-bin."""
    def read(*paths):
        records = []
        for path in paths:
            content = np.fromfile(path, np.uint8)
            if len(content) % 3073 or not len(content):
                sys.exit(f"{path}: {len(content)} bytes, not a multiple of 3073; fetch it again")
            records.append(torch.tensor(content.reshape(-1, 3073)))
        records = torch.cat(records)
        return (records[:, 1:].reshape(-1, 3, 32, 32) / 255 - 0.47) / 0.25, records[:, 0].long()

    first = _existing(folder, "cifar-10-batches-bin/data_batch_1.bin")
    return read(*sorted(first.parent.glob("data_batch_?.bin"))), read(_existing(folder, f"{first.parent.name}/test_batch.bin"))


@functools.cache
def text():
    """Codes of the characters of Python's own reference, to train on and, its last tenth, to test on; and how many there are."""
    from pydoc_data.topics import topics

    everything = "".join(dict.fromkeys(topics.values()))
    alphabet = {character: code for code, character in enumerate(sorted(set(everything)))}
    codes = torch.tensor([alphabet[character] for character in everything])
    return codes[:-len(codes) // 10], codes[-len(codes) // 10:], len(alphabet)


def _existing(folder, name):
    if folder is None:
        sys.exit(f"{name} is needed: name the folder that it is in with --data or L2O_DATA_DIR")
    path = Path(folder, name)
    if not path.exists():
        fetch = f"l2o data fetch mnist --data-dir {folder}"
        if name.startswith("cifar"):
            fetch = f"l2o data fetch cifar-10 --data-dir {folder}; tar xzf {folder}/cifar-10-binary.tar.gz -C {folder}"
        sys.exit(f"{path} is missing: give another --data, or run {fetch}")
    return path
