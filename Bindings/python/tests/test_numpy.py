"""l2o.numpy, and what the package says of itself."""

import concurrent.futures
import multiprocessing
import os
import subprocess
import sys

import l2o
import l2o._library
import l2o.numpy
import numpy as np
import pytest


@pytest.mark.parametrize("rule", ["gateprop", "rnnprop", "adam:lr=0.1"])
def test_a_quadratic_in_place(rule):
    x, scalar = np.zeros(2, np.float32), np.zeros((), np.float32)
    optimizer = l2o.numpy.Optimizer(rule, [x, scalar])
    for _ in range(300):
        optimizer.step([2 * (x - np.float32([1, -2])), 2 * (scalar - 3)])
    assert np.allclose(x, [1, -2], atol=0.05) and abs(scalar - 3) < 0.1 and optimizer.steps == 300


def test_states_go_on_with_the_same_bits():
    start, gradient = np.linspace(-1, 1, 5000, dtype=np.float32), np.linspace(1, -3, 5000, dtype=np.float32)
    a, b = start.copy(), start.copy()
    one, other = l2o.numpy.Optimizer("gateprop", [a]), l2o.numpy.Optimizer("gateprop", [b], threads=1)
    one.step([gradient])
    other.load_state(one.state())
    b[:] = a
    for optimizer in (one, other):
        optimizer.step([gradient], scale=0.5, weight_decay=1e-4, loss=1.0)
    assert np.array_equal(a, b) and not np.array_equal(a, start)
    with pytest.raises(l2o.StateError):
        other.load_state(one.state()[:-1])


def test_missing_gradients_and_what_cannot_be_used():
    x, y = np.ones(3, np.float32), np.ones((2, 2), np.float32)
    optimizer = l2o.numpy.Optimizer("gateprop", [x, y])
    optimizer.step([np.ones(3), None])
    assert np.array_equal(y, np.ones((2, 2))) and not np.array_equal(x, np.ones(3))
    for gradients in ([x], [x, x], [np.ones(4), y]):
        with pytest.raises(l2o.L2OError):
            optimizer.step(gradients)
    for wrong in (np.ones(3), np.ones((4, 4), np.float32).T[::2], [1.0]):
        with pytest.raises(l2o.L2OError):
            l2o.numpy.Optimizer("gateprop", [wrong])
    with pytest.raises(MemoryError):
        l2o._library.Handle("rnnprop", [(1 << 20, 1 << 20)])


def test_kernels_that_do_not_exist_are_told():
    said = subprocess.run(
        [sys.executable, "-c", "import l2o; l2o.kernels()"], env={**os.environ, "L2O_KERNELS": "none"},
        capture_output=True, text=True)
    assert said.returncode == 1 and "L2O_KERNELS=none" in said.stderr.splitlines()[-1]


def test_the_module_says_what_there_is():
    said = subprocess.run([sys.executable, "-m", "l2o"], capture_output=True, text=True, check=True).stdout
    assert l2o.__version__ in said and "gateprop" in said and l2o.kernels() in said


def path(_=None):
    x = np.linspace(-1, 1, 9000, dtype=np.float32)
    optimizer = l2o.numpy.Optimizer("gateprop", [x])
    for _ in range(5):
        optimizer.step([x * x])
    return x


def test_threads_and_forked_processes_compute_the_same_bits():
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        results = list(pool.map(path, range(6)))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        results += pool.map(path, range(2))
    assert all(np.array_equal(result, results[0]) for result in results)
