"""Writes period-rnnprop.safetensors and period-dm.safetensors: two periods of meta-training by PyTorch in float64.

    pip install torch safetensors && python Tests/Fixtures/make_period_fixture.py

One task, a scaled sigmoid MLP plus a scaled convex function, is optimized for two periods of 20 steps; parameters and
state pass from one period to the next, gradients do not. After each period φ takes one step of torch.optim.Adam. The
meta-gradient is plain autograd through the unrolled period, the optimizee's gradient detached; the loss of RNNprop is
the period's last, DMoptimizer's the mean. The task is drawn with this package's keys, so that MetaTrainer meets the
same one: `Draws` repeats Philox4x32-10 and the key tree. Everything drawn is stored as float32 and then taken from
there.
"""

import math
import pathlib

import numpy as np
import torch
from safetensors.numpy import save_file

PIXELS, WIDTH, CLASSES, IMAGES, BATCH = 13, 6, 5, 40, 8
CONVEX, CLIP, SCALING, CONVEX_SCALING = 20, 10.0, 3, 1
PERIODS, UNROLL, RATE, SEED, HIDDEN = 2, 20, 1e-4, 11, 20
MASK = 0xFFFFFFFF


class Draws:
    """A key of the tree and the numbers drawn from it, as Sources/NumericCore/Philox.swift."""

    def __init__(self, key):
        self.key, self.position, self.words = key, 0, []

    @staticmethod
    def seed(seed):
        return Draws((seed & MASK, seed >> 32))

    def block(self, counter):
        (a, b, c, d), (k0, k1) = counter, self.key
        for _ in range(10):
            first, second = a * 0xD2511F53, c * 0xCD9E8D57
            a, b, c, d = (second >> 32) ^ b ^ k0, second & MASK, (first >> 32) ^ d ^ k1, first & MASK
            k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
        return [a, b, c, d]

    def child(self, index):
        return Draws(tuple(self.block((index & MASK, index >> 32, 0x6B657973, 0))[:2]))

    def word(self):
        if not self.words:
            self.words = self.block((self.position & MASK, self.position >> 32, 0, 0))
            self.position += 1
        return self.words.pop(0)

    def uniform(self, low, high):
        low, high = np.float32(low), np.float32(high)
        return low + (high - low) * (np.float32(self.word() >> 8) * np.float32(2.0**-24))

    def index(self, bound):
        return self.word() * bound >> 32

    def normal(self):
        radius = math.sqrt(-2 * math.log(self.word() * 2.0**-32 + 2.0**-33))
        return np.float32(radius * math.cos(2 * math.pi * (self.word() * 2.0**-32)))


def array(values):
    return np.array(list(values), np.float32)


def task():
    """The task that a trainer with SEED meets first."""
    generator = np.random.default_rng(3)
    pixels = np.maximum(0, np.round(generator.uniform(-1, 1, (IMAGES, PIXELS)) * 128) / 128)
    labels = generator.integers(0, CLASSES, IMAGES)
    key = Draws.seed(SEED).child(1).child(0).child(0)
    mlp, convex = key.child(0), key.child(1)
    count = (PIXELS + 1) * WIDTH + (WIDTH + 1) * CLASSES
    start, draws = mlp.child(0).child(0), mlp.child(0).child(1)
    parameters = array(np.float32(0.1) * start.normal() for _ in range(count))
    scales, convex_scales, anchors = mlp.child(1), convex.child(1), convex.child(0)
    scales = array(math.exp(scales.uniform(-SCALING, SCALING)) for _ in range(count))
    convex_scales = array(
        math.exp(convex_scales.uniform(-CONVEX_SCALING, CONVEX_SCALING)) for _ in range(CONVEX))
    batches = [draws.child(step) for step in range(PERIODS * UNROLL)]
    return {
        "pixels": pixels.astype(np.float32),
        "labels": labels.astype(np.float32),
        "minibatches": array([b.index(IMAGES) for _ in range(BATCH)] for b in batches),
        "scales": np.concatenate([scales, convex_scales]),
        "anchors": array(anchors.uniform(-1, 1) for _ in range(CONVEX)),
        "start": np.concatenate([parameters / scales, np.zeros(CONVEX, np.float32)]),
    }


class Optimizee:
    def __init__(self, drawn):
        double = {name: torch.tensor(values, dtype=torch.float64) for name, values in drawn.items()}
        self.pixels, self.scales, self.anchors = double["pixels"], double["scales"], double["anchors"]
        self.labels, self.minibatches = double["labels"].long(), double["minibatches"].long()
        self.clipped = 0

    def loss(self, theta, step):
        scaled, batch = self.scales * theta, self.minibatches[step]
        sizes = [PIXELS * WIDTH, WIDTH, WIDTH * CLASSES, CLASSES, CONVEX]
        w1, b1, w2, b2, x = torch.split(scaled, sizes)
        hidden = torch.sigmoid(self.pixels[batch] @ w1.reshape(PIXELS, WIDTH) + b1)
        logits = hidden @ w2.reshape(WIDTH, CLASSES) + b2
        square = (x - self.anchors) ** 2
        self.clipped += int((square > CLIP).sum())
        return torch.nn.functional.cross_entropy(logits, self.labels[batch]) + square.clamp(max=CLIP).mean()


def lstm(weight, bias, x, state):
    c, h = state
    i, j, f, o = (torch.cat([x, h], 1) @ weight + bias).chunk(4, 1)
    c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(j)
    return c, torch.sigmoid(o) * torch.tanh(c)


class RNNprop:
    kind, inputs, seed = "rnnprop", HIDDEN, 23

    @staticmethod
    def meta_loss(losses):
        return losses[-1]

    @staticmethod
    def features(w, g, moments, t):
        m, v = moments
        m, v = 0.95 * m + 0.05 * g, 0.95 * v + 0.05 * g**2
        s = (v / (1 - 0.95**t)).sqrt() + 1e-8
        features = torch.stack([g / s, m / (1 - 0.95**t) / s], 1)
        x = torch.nn.functional.elu(features @ w["projection.weight"] + w["projection.bias"])
        return x, (m, v)

    @staticmethod
    def change(out):
        return -0.1 * torch.tanh(out)


class DMoptimizer:
    kind, inputs, seed = "dm", 2, 3

    @staticmethod
    def meta_loss(losses):
        return torch.stack(losses).mean()

    @staticmethod
    def features(w, g, moments, t):
        logarithm = torch.log(g.abs().clamp(min=math.exp(-10))) / 10
        return torch.stack([logarithm, (g * math.exp(10)).clamp(-1, 1)], 1), moments

    @staticmethod
    def change(out):
        return 0.1 * out


def initial_weights(rule):
    generator = np.random.default_rng(rule.seed)
    shapes = {"projection.weight": (2, HIDDEN), "projection.bias": (HIDDEN,)} if rule is RNNprop else {}
    for layer, inputs in (("lstm1", rule.inputs), ("lstm2", HIDDEN)):
        shapes[f"{layer}.weight"] = (inputs + HIDDEN, 4 * HIDDEN)
        shapes[f"{layer}.bias"] = (4 * HIDDEN,)
    shapes |= {"readout.weight": (HIDDEN, 1), "readout.bias": (1,)}
    # Wide enough for gates to saturate now and then, as trained ones do; seeds whose networks
    # do not diverge and where DMoptimizer's logarithm and clipping do not enlarge rounding a hundred thousand times.
    return {name: generator.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def meta_train(rule):
    drawn = task()
    optimizee = Optimizee(drawn)
    weights = initial_weights(rule)
    stored = drawn | {f"weights0/{name}": value for name, value in weights.items()}
    w = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in weights.items()}
    adam = torch.optim.Adam(w.values(), lr=RATE)
    theta = torch.tensor(drawn["start"], dtype=torch.float64)
    n = len(theta)
    zeros = [torch.zeros(n, HIDDEN, dtype=torch.float64) for _ in range(4)]
    state = ((torch.zeros_like(theta), torch.zeros_like(theta)), (zeros[0], zeros[1]), (zeros[2], zeros[3]))
    for period in range(PERIODS):
        losses = []
        for k in range(UNROLL):
            step = period * UNROLL + k
            point = theta.detach().requires_grad_()
            (g,) = torch.autograd.grad(optimizee.loss(point, step), point)
            losses.append(optimizee.loss(theta, step))
            moments, first, second = state
            x, moments = rule.features(w, g.detach(), moments, step + 1)
            first = lstm(w["lstm1.weight"], w["lstm1.bias"], x, first)
            second = lstm(w["lstm2.weight"], w["lstm2.bias"], first[1], second)
            out = (second[1] @ w["readout.weight"] + w["readout.bias"])[:, 0]
            theta, state = theta + rule.change(out), (moments, first, second)
        adam.zero_grad()
        rule.meta_loss(losses).backward()
        before = {name: value.detach().clone() for name, value in w.items()}
        adam.step()
        theta = theta.detach()
        state = tuple(tuple(part.detach() for part in pair) for pair in state)
        stored[f"losses{period}"] = torch.stack(losses).detach().numpy()
        stored[f"parameters{period}"] = theta.numpy()
        for name, value in w.items():
            stored[f"gradient{period}/{name}"] = value.grad.numpy().copy()
            # The difference keeps more digits than the sum.
            stored[f"change{period}/{name}"] = (value.detach() - before[name]).numpy()
        print(rule.kind, period, "losses", float(losses[0].detach()), "...", float(losses[-1].detach()), "clipped", optimizee.clipped)
    path = pathlib.Path(__file__).with_name(f"period-{rule.kind}.safetensors")
    stored = {name: np.ascontiguousarray(value, np.float32) for name, value in stored.items()}
    save_file(stored, path)


for rule in (RNNprop, DMoptimizer):
    meta_train(rule)
