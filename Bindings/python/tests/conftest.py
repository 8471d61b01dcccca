"""Tests on small tensors take one thread: OpenMP's wait actively, which is slow on a machine that is busy."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
