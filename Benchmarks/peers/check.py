"""Checks that every form of every peer computes the same: two periods of training and three steps from the same
draws. Prints the largest relative difference from JAX's plain form; ends with 1 where one is above 1e-5.

    L2O_DATA_DIR=… .venv/bin/python peers/check.py
"""
import sys

import jax
import jax.numpy as jnp
import numpy as np
import torch

import jax_training
import torch_training
from jax_network import cell as jax_cell, features as jax_features
from setting import HIDDEN, draw_step, draw_task, draw_weights, mnist
from torch_network import tensors
from torch_step import in_blocks, plain


def training_forms():
    """Losses and weight gradients of the second of two periods, by form."""
    random = np.random.default_rng(1)
    images, labels = mnist()
    theta, scale, point, batches = draw_task(random, len(images), 2)
    weights = draw_weights(random, "rnnprop")
    for form, period in jax_training.PERIODS.items():
        state = jax_training.start_state(form, jnp.asarray(theta))
        arguments = jnp.asarray(scale), jnp.asarray(point), jnp.asarray(images), jnp.asarray(labels)
        for batch in batches:
            losses, gradient, state = jax.jit(period)(jax.tree.map(jnp.asarray, weights), state, *arguments, batch)
        yield f"jax-{form}", [np.asarray(losses)] + [np.asarray(gradient[name]) for name in weights]
    images, labels = torch.from_numpy(images), torch.from_numpy(labels).long()
    problem = torch.from_numpy(scale), torch.from_numpy(point)
    for form, period in torch_training.PERIODS.items():
        state = torch_training.start_state(form, torch.from_numpy(theta))
        for batch in torch.from_numpy(batches).long():
            losses, gradient, state = period(tensors(weights), state, problem, images[batch], labels[batch])
        yield f"torch-{form}", [torch.stack(losses).numpy()] + [gradient[name].numpy() for name in weights]


def step_forms(kind):
    """The change of the parameters after three steps, by form."""
    random = np.random.default_rng(2)
    # From zero, so that the changes are not rounded with the parameters.
    _, gradient = draw_step(random, 5000)
    theta = np.zeros(5000, np.float32)
    weights = draw_weights(random, kind)
    state = jnp.asarray(theta), jnp.zeros(5000), jnp.zeros(5000), 1.0, [jnp.zeros((HIDDEN, 5000))] * 4
    for _ in range(3):
        now, m, v, power, rnn = state
        inputs, m, v, power = jax_features(kind, jnp.asarray(gradient), m, v, power)
        change, rnn = jax_cell(kind, jax.tree.map(jnp.asarray, weights), inputs, rnn)
        state = now + change, m, v, power, rnn
    yield "jax", [np.asarray(state[0])]
    for name, make in (("torch-plain", plain), ("torch-blocks", in_blocks)):
        start = torch.from_numpy(theta.copy())
        with torch.no_grad():
            run = make(kind, tensors(weights), start, torch.from_numpy(gradient), 1)
            for _ in range(3):
                after = run()
        yield name, [after.numpy()]


def main():
    worst = 0.0
    for title, forms in [("training", training_forms()), ("rnnprop", step_forms("rnnprop")), ("dm", step_forms("dm"))]:
        reference = None
        for name, values in forms:
            reference = reference or values
            difference = max(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(values, reference))
            worst = max(worst, difference)
            print(f"{title:9} {name:15} {difference:.1e}")
    sys.exit(1 if worst > 1e-5 else 0)


if __name__ == "__main__":
    main()
