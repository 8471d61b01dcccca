"""Races an optimizer on the base MLP of Lv, Jiang, Li 2017 in JAX: an independent check of `l2o race`.

    pip install jax safetensors
    python Scripts/jax_race.py adam:0.03125 --mnist FOLDER --initial 0.1 --steps 100 --seeds 20
    python Scripts/jax_race.py rnnprop_cl_il.safetensors --mnist FOLDER --initial 0.01 --steps 2000

MNIST, 784-20-10, sigmoid, pixels / 255, images 5,000 ... 59,999 of the training file, batches of 128 drawn with
replacement; the final loss is the mean, at the last parameters, over all minibatches that the run met. Weight files
are those of VITA-Group/L2O-Training-Techniques converted to safetensors: momentum is the first feature and the update
is added, times 0.01. Prints the mean over seeds with its standard error, then each seed's loss.
"""

import argparse
import functools
import gzip
import math
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file

HIDDEN, CLASSES, BATCH, SKIPPED = 20, 10, 128, 5000


def mnist(folder):
    def content(name, offset):
        with gzip.open(pathlib.Path(folder) / name) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    pixels = content("train-images-idx3-ubyte.gz", 16).reshape(60000, 784)
    labels = content("train-labels-idx1-ubyte.gz", 8)
    return jnp.asarray(pixels[SKIPPED:], jnp.float32) / 255, jnp.asarray(labels[SKIPPED:], jnp.int32)


def loss(theta, x, y):
    first, second = theta[: 785 * HIDDEN], theta[785 * HIDDEN :]
    hidden = jax.nn.sigmoid(x @ first[: 784 * HIDDEN].reshape(784, HIDDEN) + first[784 * HIDDEN :])
    split = HIDDEN * CLASSES
    logits = hidden @ second[:split].reshape(HIDDEN, CLASSES) + second[split:]
    return -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(y)), y])


def adam(rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    def start(n):
        return jnp.zeros(n), jnp.zeros(n)

    def update(state, g, t):
        m = beta1 * state[0] + (1 - beta1) * g
        v = beta2 * state[1] + (1 - beta2) * g * g
        step = -rate * (m / (1 - beta1**t)) / (jnp.sqrt(v / (1 - beta2**t)) + epsilon)
        return step, (m, v)

    return start, update


def rnnprop(path, beta=0.95, epsilon=1e-8, scale=0.01):
    w = {name: jnp.asarray(value) for name, value in load_file(path).items()}

    def lstm(layer, x, c, h):
        gates = jnp.concatenate([x, h], 1) @ w[f"{layer}.w_gates"] + w[f"{layer}.b_gates"]
        i, j, f, o = jnp.split(gates, 4, 1)
        c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(j)
        return c, jax.nn.sigmoid(o) * jnp.tanh(c)

    def start(n):
        units = len(w["linear.w"])
        return jnp.zeros(n), jnp.zeros(n), [jnp.zeros((n, units)) for _ in range(4)]

    def update(state, g, t):
        m, v, (c1, h1, c2, h2) = state
        m = beta * m + (1 - beta) * g
        v = beta * v + (1 - beta) * g * g
        correction = 1 - beta**t
        s = jnp.sqrt(v / correction) + epsilon
        x = jnp.stack([m / correction / s, g / s], 1)
        x = jax.nn.elu(x @ w["input_projection.w"] + w["input_projection.b"])
        c1, h1 = lstm("lstm_1", x, c1, h1)
        c2, h2 = lstm("lstm_2", h1, c2, h2)
        step = scale * jnp.tanh(h2 @ w["linear.w"] + w["linear.b"])[:, 0]
        return step, (m, v, [c1, h1, c2, h2])

    return start, update


@functools.partial(jax.jit, static_argnums=(0, 3, 4))
def run(optimizer, images, labels, steps, initial, seed):
    start, update = optimizer
    n = 785 * HIDDEN + (HIDDEN + 1) * CLASSES
    parameters, draws = jax.random.split(jax.random.key(seed))
    theta = initial * jax.random.normal(parameters, (n,))
    batches = jax.random.randint(draws, (steps, BATCH), 0, len(labels))

    def step(carry, batch_and_t):
        theta, state = carry
        batch, t = batch_and_t
        value, gradient = jax.value_and_grad(loss)(theta, images[batch], labels[batch])
        change, state = update(state, gradient, t)
        return (theta + change, state), value

    times = jnp.arange(1, steps + 1, dtype=jnp.float32)
    (theta, _), curve = jax.lax.scan(step, (theta, start(n)), (batches, times))
    final = jax.lax.map(lambda batch: loss(theta, images[batch], labels[batch]), batches)
    return jnp.mean(final), curve


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("optimizer", help="adam:RATE or a weight file")
    parser.add_argument("--mnist", required=True, help="the folder of the four .gz files")
    parser.add_argument("--initial", type=float, default=0.1, help="standard deviation of the initial parameters")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    name = options.optimizer
    optimizer = adam(float(name[5:])) if name.startswith("adam:") else rnnprop(name)
    images, labels = mnist(options.mnist)
    finals = [
        float(run(optimizer, images, labels, options.steps, options.initial, seed)[0]) for seed in range(options.seeds)
    ]
    error = np.std(finals, ddof=1) / math.sqrt(len(finals)) if len(finals) > 1 else math.nan
    label = pathlib.Path(name).name
    print(f"{label} initial={options.initial} steps={options.steps}: {np.mean(finals):.4f} ± {error:.4f}", end="  ")
    print(" ".join(f"{value:.4f}" for value in finals), flush=True)


main()
