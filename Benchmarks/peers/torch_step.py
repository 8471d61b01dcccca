"""One update of many parameters in PyTorch.

plain    the whole vector, [coordinates, features], a new tensor for every result
blocks   in place, blocks of [features, coordinates] whose gates stay in cache
fused    torch.optim.Adam, fused
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

from setting import BETA, EPSILON, HIDDEN, P, RATE, draw_step, draw_weights
from torch_network import cell, features, tensors

NAME = f"PyTorch {torch.__version__.split('+')[0]}"
H = HIDDEN


def make(form, kind, count, threads, resident):
    random = np.random.default_rng(0)
    theta, gradient = (torch.from_numpy(values) for values in draw_step(random, count))
    if form == "fused":
        # Once for few, so that what PyTorch loads for its optimizers is not taken for theirs.
        adam(theta[:16].clone(), gradient[:16])()
        before = resident()
        return adam(theta, gradient), before
    weights = tensors(draw_weights(random, kind))
    before = resident()
    run = (plain if form == "plain" else in_blocks)(kind, weights, theta, gradient, threads)
    return torch.no_grad()(run), before


def adam(theta, gradient):
    parameter = torch.nn.Parameter(theta)
    parameter.grad = gradient
    return torch.optim.Adam([parameter], lr=1e-3, fused=True).step


# The following two return a function that takes a step and returns the parameters.
def plain(kind, weights, theta, gradient, threads):
    count = len(theta)
    state = theta, torch.zeros(count), torch.zeros(count), 1.0, tuple(torch.zeros(count, H) for _ in range(4))

    def run():
        nonlocal state
        theta, m, v, power, rnn = state
        inputs, m, v, power = features(kind, gradient, m, v, power)
        change, *rnn = cell(kind, weights, inputs, *rnn)
        state = theta + change, m, v, power, rnn
        return state[0]

    return run


def in_blocks(kind, weights, theta, gradient, threads):
    count = len(theta)
    size = min(4096 if threads == 1 else 16384, count)
    cuts = [(start, min(start + size, count)) for start in range(0, count, size)]
    inputs = H if kind == "rnnprop" else 2
    m, v = (torch.zeros(count), torch.zeros(count)) if kind == "rnnprop" else (None, None)
    # Each layer's rows hold what enters it and then its own h, so that the two are never copied together.
    states = [
        (torch.zeros(inputs + H, b - a), torch.zeros(H, b - a), torch.zeros(2 * H, b - a), torch.zeros(H, b - a))
        for a, b in cuts]
    layers = []
    for name in ("l1", "l2"):
        bias = weights[f"{name}_b"][:, None].clone()
        bias[2 * H:3 * H] += 1
        layers.append((weights[f"{name}_w"].t().contiguous(), bias))
    sums = {b - a: torch.empty(4 * H, b - a) for a, b in cuts}
    if kind == "rnnprop":
        projection, offset = weights["in_w"].t().contiguous(), weights["in_b"][:, None]
    power = 1.0

    def layer(number, x, c):
        w, b = layers[number]
        z = torch.addmm(b, w, x, out=sums[c.shape[1]])
        z[:H].sigmoid_(), z[H:2 * H].tanh_(), z[2 * H:].sigmoid_()
        c.mul_(z[2 * H:3 * H]).addcmul_(z[:H], z[H:2 * H])
        torch.mul(z[3 * H:], torch.tanh(c, out=z[H:2 * H]), out=x[-H:])

    def enter(a, b, x):
        g = gradient[a:b]
        if kind == "dm":
            torch.log(g.abs().clamp_(min=math.exp(-P)), out=x[0]).div_(P)
            torch.mul(g, math.exp(P), out=x[1]).clamp_(-1, 1)
            return
        m[a:b].lerp_(g, 1 - BETA)
        v[a:b].mul_(BETA).addcmul_(g, g, value=1 - BETA)
        inverse = torch.div(v[a:b], 1 - power).sqrt_().add_(EPSILON).reciprocal_()
        pair = torch.stack([g * inverse, (m[a:b] * inverse).div_(1 - power)])
        F.elu_(torch.addmm(offset, projection, pair, out=x[:H]))

    def run():
        nonlocal power
        power *= BETA
        for (a, b), (x1, c1, x2, c2) in zip(cuts, states):
            enter(a, b, x1)
            layer(0, x1, c1)
            x2[:H].copy_(x1[-H:])
            layer(1, x2, c2)
            out = torch.addmv(weights["out_b"].expand(b - a), x2[H:].t(), weights["out_w"])
            theta[a:b].add_(out.tanh_().neg_() if kind == "rnnprop" else out, alpha=RATE)
        return theta

    return run
