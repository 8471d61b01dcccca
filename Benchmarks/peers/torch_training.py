"""Meta-training of RNNprop in PyTorch.

plain      step by step with autograd, [coordinates, features]
compiled   activations kept and a reverse sweep written by hand, [features, coordinates]; elementwise parts compiled
blocks     the same sweep block by block, in place, gates computed again (torch_blocks.py)

All three use that the gradients of the optimizee are constants: the last loss is linear in every change of the
parameters, so its gradient with respect to each is the last gradient seen.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

from setting import (
    CLASSES, CONVEX, COORDINATES, HIDDEN, META_BETA1, META_BETA2, META_EPSILON, META_RATE, MLP, PIXELS, RATE, STEPS,
    UNITS, draw_task, draw_weights, mnist)
from torch_blocks import period_blocks
from torch_network import cell, features, tensors

KIND = "rnnprop"
H = HIDDEN


def loss_and_gradient(theta, scale, point, x, y):
    """The scaled MLP's cross-entropy and the scaled convex function; by hand, which is less work than a graph."""
    scaled = theta * scale
    a, b, c = PIXELS * UNITS, PIXELS * UNITS + UNITS, PIXELS * UNITS + UNITS + UNITS * CLASSES
    w1, b1, w2, b2 = scaled[:a].view(PIXELS, UNITS), scaled[a:b], scaled[b:c].view(UNITS, CLASSES), scaled[c:MLP]
    hidden = torch.sigmoid(torch.addmm(b1, x, w1))
    log_p = torch.log_softmax(torch.addmm(b2, hidden, w2), 1)
    difference = scaled[MLP:] - point
    loss = F.nll_loss(log_p, y) + (difference * difference).mean()
    gradient = torch.empty_like(theta)
    dz = log_p.exp()
    dz[torch.arange(len(y)), y] -= 1
    dz /= len(y)
    torch.mm(hidden.t(), dz, out=gradient[b:c].view(UNITS, CLASSES))
    torch.sum(dz, 0, out=gradient[c:MLP])
    dh = dz @ w2.t() * hidden * (1 - hidden)
    torch.mm(x.t(), dh, out=gradient[:a].view(PIXELS, UNITS))
    torch.sum(dh, 0, out=gradient[a:b])
    gradient[MLP:] = 2 / CONVEX * difference
    return loss, gradient.mul_(scale)


def start_state(form, theta):
    shape = (COORDINATES, H) if form == "plain" else (H, COORDINATES)
    return theta.clone(), torch.zeros(COORDINATES), torch.zeros(COORDINATES), 1.0, tuple(
        torch.zeros(shape) for _ in range(4))


def period_plain(weights, state, problem, X, Y):
    """Losses, the gradient of the last one with respect to the weights, and the state after the period."""
    theta, m, v, power, rnn = state
    leaves = {name: values.detach().requires_grad_() for name, values in weights.items()}
    losses, changes = [], []
    for t in range(STEPS):
        loss, gradient = loss_and_gradient(theta, *problem, X[t], Y[t])
        losses.append(loss)
        inputs, m, v, power = features(KIND, gradient, m, v, power)
        # The last step's change comes after the last loss.
        with torch.set_grad_enabled(t < STEPS - 1):
            change, *rnn = cell(KIND, leaves, inputs, *rnn)
        changes.append(change)
        theta = theta + change.detach()
    gradients = torch.autograd.grad(changes[:-1], list(leaves.values()), [gradient] * (STEPS - 1))
    rnn = tuple(values.detach() for values in rnn)
    return losses, dict(zip(leaves, gradients)), (theta, m, v, power, rnn)


def gates_forward(z, b, c):
    z = z + b[:, None]
    i, j = torch.sigmoid(z[:H]), torch.tanh(z[H:2 * H])
    f, o = torch.sigmoid(z[2 * H:3 * H] + 1), torch.sigmoid(z[3 * H:])
    c = f * c + i * j
    t = torch.tanh(c)
    return c, o * t, i, j, f, o, t


def gates_back(i, j, f, o, t, c_before, dh, dc):
    dc = dc + dh * o * (1 - t * t)
    dz = torch.cat([
        dc * j * i * (1 - i), dc * i * (1 - j * j), dc * c_before * f * (1 - f), dh * t * o * (1 - o)], 0)
    return dz, dc * f


compiled = {}


@torch.no_grad()
def period_compiled(weights, state, problem, X, Y):
    if not compiled:
        compiled["forward"] = torch.compile(gates_forward, dynamic=False)
        compiled["back"] = torch.compile(gates_back, dynamic=False)
    forward, back = compiled["forward"], compiled["back"]
    w1, w2, out_w = weights["l1_w"].t().contiguous(), weights["l2_w"].t().contiguous(), weights["out_w"]
    theta, m, v, power, (c1, h1, c2, h2) = state
    losses, tape = [], []
    for t in range(STEPS):
        loss, gradient = loss_and_gradient(theta, *problem, X[t], Y[t])
        losses.append(loss)
        inputs, m, v, power = features(KIND, gradient, m, v, power, 0)
        x1 = torch.cat([F.elu(torch.addmm(weights["in_b"][:, None], weights["in_w"].t(), inputs)), h1], 0)
        before1, before2 = c1, c2
        c1, h1, *kept1 = forward(w1 @ x1, weights["l1_b"], c1)
        x2 = torch.cat([h1, h2], 0)
        c2, h2, *kept2 = forward(w2 @ x2, weights["l2_b"], c2)
        out = torch.tanh(torch.addmv(weights["out_b"].expand(COORDINATES), h2.t(), out_w))
        theta = torch.add(theta, out, alpha=-RATE)
        tape.append((inputs, out, x1, before1, kept1, x2, before2, kept2, h2))
    tape.pop()
    total = {name: torch.zeros_like(values) for name, values in weights.items()}
    dc1 = dh1 = dc2 = dh2 = torch.zeros_like(c1)
    while tape:
        inputs, out, x1, before1, kept1, x2, before2, kept2, h = tape.pop()
        dout = -RATE * gradient * (1 - out * out)
        total["out_w"].addmv_(h, dout)
        total["out_b"] += dout.sum()
        dz2, dc2 = back(*kept2, before2, dh2 + out_w[:, None] * dout, dc2)
        dx2 = weights["l2_w"] @ dz2
        total["l2_w"].addmm_(x2, dz2.t())
        total["l2_b"] += dz2.sum(1)
        dz1, dc1 = back(*kept1, before1, dh1 + dx2[:H], dc1)
        total["l1_w"].addmm_(x1, dz1.t())
        total["l1_b"] += dz1.sum(1)
        dx1 = weights["l1_w"] @ dz1
        de = dx1[:H] * torch.where(x1[:H] > 0, 1.0, x1[:H] + 1)
        total["in_w"].addmm_(inputs, de.t())
        total["in_b"] += de.sum(1)
        dh1, dh2 = dx1[H:], dx2[H:]
    return losses, total, (theta, m, v, power, (c1, h1, c2, h2))


PERIODS = {"plain": period_plain, "compiled": period_compiled, "blocks": period_blocks(loss_and_gradient)}


class Adam:
    """Adam on the weights, in the form whose ε joins the root of the uncorrected average."""

    def __init__(self, weights):
        self.weights, self.step_number = weights, 0
        self.m = [torch.zeros_like(w) for w in weights.values()]
        self.v = [torch.zeros_like(w) for w in weights.values()]

    @torch.no_grad()
    def step(self, gradient):
        self.step_number += 1
        gradients = [gradient[name] for name in self.weights]
        torch._foreach_lerp_(self.m, gradients, 1 - META_BETA1)
        torch._foreach_mul_(self.v, META_BETA2)
        torch._foreach_addcmul_(self.v, gradients, gradients, 1 - META_BETA2)
        divisor = torch._foreach_sqrt(self.v)
        torch._foreach_add_(divisor, META_EPSILON)
        rate = META_RATE * math.sqrt(1 - META_BETA2 ** self.step_number) / (1 - META_BETA1 ** self.step_number)
        torch._foreach_addcdiv_(list(self.weights.values()), self.m, divisor, -rate)


def make(form, kind, periods):
    """A function that takes one meta-iteration on a fresh task; tasks are drawn outside the clock."""
    assert kind == KIND
    random = np.random.default_rng(0)
    images, labels = mnist()
    images, labels = torch.from_numpy(images), torch.from_numpy(labels).long()
    weights = tensors(draw_weights(random, KIND))
    optimizer = Adam(weights)
    tasks = [[torch.from_numpy(z) for z in draw_task(random, len(images), periods)] for _ in range(8)]
    turn = 0

    def run():
        nonlocal turn
        turn += 1
        theta, scale, point, batches = tasks[turn % len(tasks)]
        state = start_state(form, theta)
        for batch in batches.long():
            _, gradient, state = PERIODS[form](weights, state, (scale, point), images[batch], labels[batch])
            optimizer.step(gradient)

    return run
