"""Steps and a meta-gradient of gateprop by PyTorch in double precision, written from the formulas alone: gateprop.json.

Usage: python3 make_gateprop_fixture.py > gateprop.json
"""
import json
import math

import torch

torch.set_default_dtype(torch.float64)
HIDDEN, STEPS, PERIOD, EPSILON = 5, 14, 6, 1e-14
SHAPES = [[7, 5], [5], [3, 2, 3], [], [18]]


def log2(x, least=0.0):
    return torch.log2(torch.clamp(x, min=least))


def rms(x):
    return x.square().mean().sqrt()


class Gateprop:
    """One tensor's memory is a dictionary; `level` is shared."""

    def __init__(self, weights, count):
        self.w, self.t, self.level = weights, 0, None
        self.memory = [None] * count

    def step(self, parameters, gradients):
        """The changes of all tensors."""
        self.t += 1
        everything = torch.cat([g.reshape(-1) for g in gradients])
        now = log2(rms(everything), 1e-20)
        self.level = now if self.level is None else 0.9 * self.level + 0.1 * now
        return [self.change(i, p, g) for i, (p, g) in enumerate(zip(parameters, gradients))]

    def change(self, index, p, g):
        t, zero = self.t, torch.zeros_like(g)
        m = self.memory[index] or dict(
            ma=zero, mb=zero, va=zero, vb=zero, q1=zero, q2=zero, cosine=torch.tensor(0.0), rate=torch.tensor(0.0))
        lengths = g.norm() * m["ma"].norm()
        cosine = (g * m["ma"]).sum() / lengths if lengths > 0 else torch.tensor(0.0)
        before = m["ma"]
        ma, mb = 0.95 * m["ma"] + 0.05 * g, 0.99 * m["mb"] + 0.01 * g
        va, vb = 0.95 * m["va"] + 0.05 * g * g, 0.999 * m["vb"] + 0.001 * g * g
        fast, slow = 1 / (1 - 0.95**t), 1 / (1 - 0.99**t)
        sa, sb = (va * fast).sqrt() + EPSILON, (vb / (1 - 0.999**t)).sqrt() + EPSILON
        agreement = (g / sa * before / sa * fast).clamp(-2, 2)
        q1, q2 = 0.9 * m["q1"] + 0.1 * agreement, 0.99 * m["q2"] + 0.01 * agreement
        S, P = torch.clamp(rms((va * fast).sqrt()), min=1e-20), torch.clamp(rms(p), min=1e-20)
        average = 0.9 * m["cosine"] + 0.1 * cosine
        o0, o1, raw2 = g / sa, ma * fast / sa, mb * slow / sb
        o = [o0, o1, raw2.clamp(-10, 10), (ma * fast / S).clamp(-10, 10), (0.3 * p / P).clamp(-10, 10)]
        number = lambda x: torch.tensor(float(x))
        inputs = torch.stack(
            [number(math.tanh(t / c - 1)) for c in (3, 10, 30, 100, 300, 1000, 3000, 10000)]
            + [log2(rms(o1), 1e-6) / 3, log2(rms(raw2), 1e-6) / 3, torch.log2(P + 1e-4) / 5, 2 * average,
               number(g.dim() > 1), number(math.log2(g.numel()) / 10), ((log2(S) - self.level) / 4).clamp(-3, 3),
               m["rate"] / 3, cosine, ((log2(S) + 8) / 8).clamp(-3, 3)])
        w = self.w
        units = torch.tanh(w["tensor.hidden.weight"] @ inputs + w["tensor.hidden.bias"])
        out = w["tensor.output.weight"] @ units + w["tensor.output.bias"]
        rate = 5 * torch.tanh(out[-1] / 5)
        squash = lambda x: x.abs() / (1 + x.abs())
        x = torch.stack(
            [squash(o[0]), squash(o[1]), squash(o[2]), (torch.log2(sa / S) / 4).clamp(-3, 1.5),
             (torch.log2(sa / sb) / 2).clamp(-3, 3), squash(p / P), (o[0] * o[1]).clamp(-3, 3),
             (o[1] * o[2]).clamp(-3, 3), 3 * q1, 3 * q2], dim=-1)
        hidden = torch.relu(x @ w["coordinate.hidden.weight"].T + w["coordinate.hidden.bias"] + out[:-1])
        gates = hidden @ w["coordinate.output.weight"].T + w["coordinate.output.bias"]
        direction = sum((gates[..., k] + base) * o[k] for k, base in enumerate((0.3, 0.7, 0, 0, 0)))
        self.memory[index] = dict(ma=ma, mb=mb, va=va, vb=vb, q1=q1, q2=q2, cosine=average, rate=rate)
        eta = 2**-5 / math.sqrt(1 + t / 100)
        return -eta * torch.exp(rate + 4 * torch.tanh(gates[..., 5] / 4)) * direction


def draw(shape, scale):
    """Numbers that single precision has exactly."""
    return (torch.randn(shape) * scale).float().double()


def main():
    torch.manual_seed(3)
    shapes = {
        "coordinate.hidden.weight": [HIDDEN, 10], "coordinate.hidden.bias": [HIDDEN],
        "coordinate.output.weight": [6, HIDDEN], "coordinate.output.bias": [6],
        "tensor.hidden.weight": [HIDDEN, 18], "tensor.hidden.bias": [HIDDEN],
        "tensor.output.weight": [HIDDEN + 1, HIDDEN], "tensor.output.bias": [HIDDEN + 1],
    }
    weights = {name: draw(shape, 0.3).requires_grad_() for name, shape in shapes.items()}
    parameters = [draw(shape, 0.1) for shape in SHAPES]
    initial = [p.clone() for p in parameters]
    gradients = [[draw(shape, 10.0 ** (step % 5 - 3)) for shape in SHAPES] for step in range(STEPS)]
    rule = Gateprop(weights, len(SHAPES))
    flat = lambda tensors: torch.cat([x.reshape(-1) for x in tensors]).tolist()
    path, period = [], []
    loss_weights = [0.5, 0.0, 1.0, 0.25, 2.0, 1.0]
    for step in range(STEPS):
        if step == STEPS - PERIOD:
            rule.memory = [{key: value.detach() for key, value in m.items()} for m in rule.memory]
        changes = rule.step(parameters, gradients[step])
        period.append(changes)
        parameters = [(p + c).detach() for p, c in zip(parameters, changes)]
        path.append(flat(parameters))
    # Σ w f of losses that are linear: f of step s is g_s θ_s, and each change moves all that come after.
    total = 0.0
    for s in range(PERIOD):
        for earlier in range(s):
            for tensor in range(len(SHAPES)):
                g = gradients[STEPS - PERIOD + s][tensor]
                total = total + loss_weights[s] * (g * period[STEPS - PERIOD + earlier][tensor]).sum()
    derivative = torch.autograd.grad(total, list(weights.values()))
    print(json.dumps({
        "hidden": HIDDEN, "shapes": SHAPES, "weights": flat([w.detach() for w in weights.values()]),
        "initial": flat(initial), "gradients": [flat(g) for g in gradients], "path": path,
        "loss_weights": loss_weights, "meta_gradient": flat(derivative)}))


main()
