"""One update of many parameters in JAX.

plain    the whole vector in one compiled function, its state donated
blocks   the same, cut into static blocks that are buffers of their own
"""
import functools

import jax
import jax.numpy as jnp
import numpy as np

from jax_network import blocks, cell, features
from setting import HIDDEN, draw_step, draw_weights

NAME = f"JAX {jax.__version__}"


def make(form, kind, count, threads, resident):
    random = np.random.default_rng(0)
    parameters, gradient = draw_step(random, count)
    cuts = [(0, count)] if form == "plain" else blocks(count, max(8192, -(-count // 128)))
    gradients = [jnp.asarray(gradient[a:b]) for a, b in cuts]
    del gradient
    weights = jax.tree.map(jnp.asarray, draw_weights(random, kind))
    thetas = [jnp.asarray(parameters[a:b]) for a, b in cuts]
    del parameters
    jax.block_until_ready((gradients, weights, thetas))
    before = resident()
    state = [
        (theta, jnp.zeros(theta.shape), jnp.zeros(theta.shape),
         tuple(jnp.zeros((HIDDEN, len(theta))) for _ in range(4)))
        for theta in thetas
    ]
    del thetas
    state = (jnp.ones(()), state)

    @functools.partial(jax.jit, donate_argnums=0)
    def update(state, weights, gradients):
        power, parts = state
        after = []
        for (theta, m, v, rnn), gradient in zip(parts, gradients):
            inputs, m, v, next_power = features(kind, gradient, m, v, power)
            change, rnn = cell(kind, weights, inputs, rnn)
            after.append((theta + change, m, v, rnn))
        return next_power, after

    def run():
        nonlocal state
        donated, state = state, None
        state = jax.block_until_ready(update(donated, weights, gradients))

    return run, before
