"""RNNprop and DMoptimizer in JAX: features and the coordinatewise network, arrays of [features, coordinates]."""
import math

import jax
import jax.numpy as jnp

from setting import BETA, EPSILON, HIDDEN, P, RATE


def features(kind, gradient, m, v, power):
    """The network's two inputs, the moments after this step, and β to the power of the steps taken."""
    if kind == "dm":
        size = jnp.log(jnp.maximum(jnp.abs(gradient), math.exp(-P))) / P
        return jnp.stack([size, jnp.clip(gradient * math.exp(P), -1, 1)]), m, v, power
    m = BETA * m + (1 - BETA) * gradient
    v = BETA * v + (1 - BETA) * gradient * gradient
    power = power * BETA
    inverse = 1 / (jnp.sqrt(v / (1 - power)) + EPSILON)
    return jnp.stack([gradient * inverse, m / (1 - power) * inverse]), m, v, power


def embed(kind, weights, inputs):
    """What enters the first layer. With two inputs, sums fuse with the ELU; a matrix product would not."""
    if kind == "dm":
        return inputs
    w, b = weights["in_w"], weights["in_b"]
    return jax.nn.elu(w[0][:, None] * inputs[0] + w[1][:, None] * inputs[1] + b[:, None])


def gates(sums):
    H = HIDDEN
    return (jax.nn.sigmoid(sums[:H]), jnp.tanh(sums[H:2 * H]), jax.nn.sigmoid(sums[2 * H:3 * H] + 1),
            jax.nn.sigmoid(sums[3 * H:]))


def lstm(w, b, x, c, h):
    i, j, f, o = gates(w.T @ jnp.concatenate([x, h]) + b[:, None])
    c = f * c + i * j
    return c, o * jnp.tanh(c)


def read_out(kind, weights, h):
    """What the rule's rate multiplies."""
    out = weights["out_w"] @ h + weights["out_b"][0]
    return -jnp.tanh(out) if kind == "rnnprop" else out


def cell(kind, weights, inputs, state):
    """The change of the parameters and the new (c1, h1, c2, h2)."""
    c1, h1, c2, h2 = state
    c1, h1 = lstm(weights["l1_w"], weights["l1_b"], embed(kind, weights, inputs), c1, h1)
    c2, h2 = lstm(weights["l2_w"], weights["l2_b"], h1, c2, h2)
    return RATE * read_out(kind, weights, h2), (c1, h1, c2, h2)


def blocks(count, size):
    """Ranges of about `size` coordinates, whole vectors long."""
    number = max(1, -(-count // size))
    size = -(-(-(-count // number)) // 16) * 16
    return [(start, min(start + size, count)) for start in range(0, count, size)]
