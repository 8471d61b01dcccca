"""RNNprop and DMoptimizer in PyTorch as one would write them: arrays of [coordinates, features]."""
import math

import torch
import torch.nn.functional as F

from setting import BETA, EPSILON, HIDDEN, P, RATE


def tensors(arrays):
    return {name: torch.from_numpy(values) for name, values in arrays.items()}


def features(kind, gradient, m, v, power, dim=1):
    """The network's two inputs, the moments after this step, and β to the power of the steps taken."""
    if kind == "dm":
        size = torch.log(gradient.abs().clamp_min(math.exp(-P))) / P
        return torch.stack([size, (gradient * math.exp(P)).clamp(-1, 1)], dim), m, v, power
    m = torch.lerp(gradient, m, BETA)
    v = v * BETA + (1 - BETA) * gradient * gradient
    power *= BETA
    inverse = (torch.sqrt(v / (1 - power)) + EPSILON).reciprocal()
    return torch.stack([gradient * inverse, m * (1 / (1 - power)) * inverse], dim), m, v, power


def lstm(w, b, x, c, h):
    z = torch.addmm(b, torch.cat([x, h], 1), w)
    i, j, f, o = z.split(HIDDEN, 1)
    c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(j)
    return c, torch.sigmoid(o) * torch.tanh(c)


def cell(kind, weights, inputs, c1, h1, c2, h2):
    """The change of the parameters and the new c1, h1, c2, h2."""
    rnnprop = kind == "rnnprop"
    x = F.elu(torch.addmm(weights["in_b"], inputs, weights["in_w"])) if rnnprop else inputs
    c1, h1 = lstm(weights["l1_w"], weights["l1_b"], x, c1, h1)
    c2, h2 = lstm(weights["l2_w"], weights["l2_b"], h1, c2, h2)
    out = torch.addmv(weights["out_b"].expand(len(h2)), h2, weights["out_w"])
    return RATE * (-torch.tanh(out) if rnnprop else out), c1, h1, c2, h2
