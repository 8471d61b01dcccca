"""Meta-training of RNNprop in JAX, several periods in one compiled function.

plain    reverse mode through the scan over a period's steps
blocks   a reverse sweep written by hand, on static blocks of coordinates whose gates fit the second-level cache; the
         tape keeps c and h alone, and gates are computed again
"""
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jax_network import blocks, cell, embed, features, gates, read_out
from setting import (
    CLASSES, COORDINATES, HIDDEN, META_BETA1, META_BETA2, META_EPSILON, META_RATE, MLP, PIXELS, RATE, UNITS,
    draw_task, draw_weights, mnist)

KIND = "rnnprop"
BLOCK = 2048


def loss(theta, scale, point, x, y):
    """The scaled MLP's cross-entropy and the scaled convex function."""
    scaled = theta * scale
    w1, b1, w2, b2 = jnp.split(scaled[:MLP], np.cumsum([PIXELS * UNITS, UNITS, UNITS * CLASSES]))
    hidden = jax.nn.sigmoid(x @ w1.reshape(PIXELS, UNITS) + b1)
    logits = hidden @ w2.reshape(UNITS, CLASSES) + b2
    chosen = jnp.take_along_axis(logits, y[:, None], 1)[:, 0]
    entropy = jnp.mean(jax.scipy.special.logsumexp(logits, axis=1) - chosen)
    return entropy + jnp.mean(jnp.square(scaled[MLP:] - point))


def start_state(form, theta):
    zeros = lambda n: tuple(jnp.zeros((HIDDEN, n)) for _ in range(4))
    cuts = blocks(COORDINATES, BLOCK)
    rnn = zeros(COORDINATES) if form == "plain" else tuple(zeros(b - a) for a, b in cuts)
    return theta, jnp.zeros(COORDINATES), jnp.zeros(COORDINATES), jnp.ones(()), rnn


def period_plain(weights, state, scale, point, images, labels, batches):
    """Losses, the gradient of the last one with respect to the weights, and the state after the period."""
    def last_loss(weights):
        def step(state, batch):
            theta, m, v, power, rnn = state
            f, gradient = jax.value_and_grad(loss)(theta, scale, point, images[batch], labels[batch])
            inputs, m, v, power = features(KIND, lax.stop_gradient(gradient), m, v, power)
            change, rnn = cell(KIND, weights, inputs, rnn)
            return (theta + change, m, v, power, rnn), f
        state_after, losses = lax.scan(step, state, batches)
        return losses[-1], (losses, state_after)
    (_, (losses, state)), gradient = jax.value_and_grad(last_loss, has_aux=True)(weights)
    return losses, gradient, state


def period_blocks(weights, state, scale, point, images, labels, batches):
    """The same. The last loss is linear in every change of the parameters: its gradient is the last one seen."""
    H, w1, w2 = HIDDEN, weights["l1_w"], weights["l2_w"]
    cuts = blocks(COORDINATES, BLOCK)
    sums1 = lambda x: w1.T @ x + weights["l1_b"][:, None]
    sums2 = lambda x: w2.T @ x + weights["l2_b"][:, None]

    def advance(sums, c):
        i, j, f, o = gates(sums)
        c = f * c + i * j
        return c, o * jnp.tanh(c)

    def forward(state, batch):
        theta, m, v, power, rnn = state
        f, gradient = jax.value_and_grad(loss)(theta, scale, point, images[batch], labels[batch])
        inputs, m, v, power = features(KIND, gradient, m, v, power)
        outs, after = [], []
        for (a, b), (c1, h1, c2, h2) in zip(cuts, rnn):
            n1, k1 = advance(sums1(jnp.concatenate([embed(KIND, weights, inputs[:, a:b]), h1])), c1)
            n2, k2 = advance(sums2(jnp.concatenate([k1, h2])), c2)
            outs.append(read_out(KIND, weights, k2))
            after.append((n1, k1, n2, k2))
        theta = theta + RATE * jnp.concatenate(outs)
        return (theta, m, v, power, tuple(after)), (f, gradient, inputs, tuple(outs), rnn)

    state, (losses, gradients, inputs, outs, tape) = lax.scan(forward, state, batches)

    def gates_back(acts, c_before, c, dh, dc):
        i, j, f, o = acts
        t = jnp.tanh(c)
        dc = dc + dh * o * (1 - t * t)
        return jnp.concatenate([
            dc * j * i * (1 - i), dc * i * (1 - j * j), dc * c_before * f * (1 - f), dh * t * o * (1 - o)]), dc * f

    def block_gradient(number):
        a, b = cuts[number]
        zero = jnp.zeros((H, b - a))
        q = gradients[-1, a:b]

        def back(carry, step):
            dc1, dh1, dc2, dh2, total, (n1, k1, n2, k2) = carry
            inputs, out, before = step
            c1, h1, c2, h2 = before
            e = embed(KIND, weights, inputs)
            x1, x2 = jnp.concatenate([e, h1]), jnp.concatenate([k1, h2])
            dout = RATE * q * (out * out - 1)
            dz2, dc2 = gates_back(gates(sums2(x2)), c2, n2, dh2 + weights["out_w"][:, None] * dout, dc2)
            dx2 = w2 @ dz2
            dz1, dc1 = gates_back(gates(sums1(x1)), c1, n1, dh1 + dx2[:H], dc1)
            dx1 = w1 @ dz1
            de = dx1[:H] * jnp.where(e > 0, 1, e + 1)
            here = {
                "in_w": inputs @ de.T, "in_b": de.sum(1), "l1_w": x1 @ dz1.T, "l1_b": dz1.sum(1),
                "l2_w": x2 @ dz2.T, "l2_b": dz2.sum(1), "out_w": k2 @ dout, "out_b": dout.sum()[None]}
            return (dc1, dx1[H:], dc2, dx2[H:], jax.tree.map(jnp.add, total, here), before), None

        # The last step's change comes after the last loss.
        steps = jax.tree.map(lambda z: z[:-1], (inputs[:, :, a:b], outs[number], tape[number]))
        start = (zero, zero, zero, zero, jax.tree.map(jnp.zeros_like, weights), tuple(z[-1] for z in tape[number]))
        return lax.scan(back, start, steps, reverse=True)[0][4]

    parts = [block_gradient(number) for number in range(len(cuts))]
    return losses, jax.tree.map(lambda *z: sum(z), *parts), state


PERIODS = {"plain": period_plain, "blocks": period_blocks}


def adam(weights, gradient, moments):
    """Adam on the weights, in the form whose ε joins the root of the uncorrected average."""
    t, m, v = moments
    t = t + 1
    m = jax.tree.map(lambda m, g: META_BETA1 * m + (1 - META_BETA1) * g, m, gradient)
    v = jax.tree.map(lambda v, g: META_BETA2 * v + (1 - META_BETA2) * g * g, v, gradient)
    rate = META_RATE * jnp.sqrt(1 - META_BETA2 ** t) / (1 - META_BETA1 ** t)
    weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + META_EPSILON), weights, m, v)
    return weights, (t, m, v)


def make(form, kind, periods):
    """A function that takes one meta-iteration on a fresh task; tasks are drawn outside the clock."""
    assert kind == KIND
    random = np.random.default_rng(0)
    images, labels = (jnp.asarray(values) for values in mnist())
    weights = jax.tree.map(jnp.asarray, draw_weights(random, KIND))
    zeros = lambda: jax.tree.map(jnp.zeros_like, weights)
    learned = (weights, (jnp.zeros(()), zeros(), zeros()))

    @functools.partial(jax.jit, donate_argnums=0)
    def meta_iteration(learned, theta, scale, point, batches, images, labels):
        def one(carry, batches):
            (weights, moments), state = carry
            losses, gradient, state = PERIODS[form](weights, state, scale, point, images, labels, batches)
            return (adam(weights, gradient, moments), state), losses
        (learned, _), losses = lax.scan(one, (learned, start_state(form, theta)), batches)
        return learned, losses

    tasks = [[jnp.asarray(z) for z in draw_task(random, len(images), periods)] for _ in range(8)]
    turn = 0

    def run():
        nonlocal learned, turn
        turn += 1
        donated, learned = learned, None
        learned, _ = jax.block_until_ready(meta_iteration(donated, *tasks[turn % len(tasks)], images, labels))

    return run
