"""Writes lstm.json: losses and gradients of `SineLSTM` by PyTorch, for Tests/OptimizeesTests.

    pip install torch numpy && python Tests/Fixtures/make_lstm_fixtures.py

From a seed on, everything is computed anew: random numbers (Philox4x32-10), initial parameters, sequences, and by
torch.nn.LSTM and torch.nn.Linear in float64 the loss and gradient of some minibatches and the held-out loss. The flat
layout is W1 with the rows [x, h] and the columns i, j, f, o, then b1, W2, ..., then the read-out's weights and bias.
PyTorch orders the gates i, f, g = j, o and has two biases; the second stays 0.
"""

import json
import math
import pathlib

import numpy
import torch

LENGTH, HIDDEN, BATCH, SCALE, NOISE, SEED, STEPS, HELD_OUT = 6, 5, 7, 0.5, 0.1, 5, [0, 3], 2048
MASK = 0xFFFFFFFF
float32 = numpy.float32


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [second >> 32 ^ c[1] ^ k[0], second & MASK, first >> 32 ^ c[3] ^ k[1], first & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def child(key, index):
    return tuple(philox((index & MASK, index >> 32, 0x6B657973, 0), key)[:2])


class Stream:
    def __init__(self, key):
        self.words = (word for position in range(1 << 32) for word in philox((position, 0, 0, 0), key))

    def uniform(self):
        return float32((next(self.words) >> 8) * 2.0**-24)

    def normal(self):
        radius = math.sqrt(-2 * math.log(next(self.words) * 2.0**-32 + 2.0**-33))
        return float32(radius * math.cos(2 * math.pi * next(self.words) * 2.0**-32))

    def sequence(self):
        """Noisy values and the target."""
        amplitude = float(float32(10) * self.uniform())
        frequency = float(self.uniform()) * math.pi / 2
        phase = float(self.uniform()) * 2 * math.pi
        clean = [float32(amplitude * math.sin(k * frequency + phase)) for k in range(LENGTH + 1)]
        return [value + float32(NOISE) * self.normal() for value in clean[:-1]], clean[-1]

    def batch(self, count):
        values, targets = zip(*(self.sequence() for _ in range(count)))
        return torch.tensor(numpy.array(values)).double()[..., None], torch.tensor(numpy.array(targets)).double()


def rounded(values):
    return [float(f"{x:.8g}") for x in values]


def regrouped(tensor):
    """Between the orders i, f, j, o and i, j, f, o of the first axis, in either direction."""
    i, second, third, o = tensor.chunk(4)
    return torch.cat([i, third, second, o])


def fill(lstm, readout, flat):
    """Sets every parameter from this package's layout."""
    rest = flat

    def take(*shape):
        nonlocal rest
        head, rest = rest[: math.prod(shape)], rest[math.prod(shape) :]
        return head.reshape(shape)

    for layer in range(lstm.num_layers):
        inputs = getattr(lstm, f"weight_ih_l{layer}").shape[1]
        kernel = regrouped(take(inputs + HIDDEN, 4 * HIDDEN).T)
        getattr(lstm, f"weight_ih_l{layer}").copy_(kernel[:, :inputs])
        getattr(lstm, f"weight_hh_l{layer}").copy_(kernel[:, inputs:])
        getattr(lstm, f"bias_ih_l{layer}").copy_(regrouped(take(4 * HIDDEN)))
        getattr(lstm, f"bias_hh_l{layer}").zero_()
    readout.weight.copy_(take(1, HIDDEN))
    readout.bias.copy_(take(1))
    assert len(rest) == 0


def flat_gradient(lstm, readout):
    parts = []
    for layer in range(lstm.num_layers):
        kernel = [getattr(lstm, f"weight_{kind}_l{layer}").grad for kind in ("ih", "hh")]
        parts += [torch.cat([regrouped(gradient).T for gradient in kernel])]
        parts += [regrouped(getattr(lstm, f"bias_ih_l{layer}").grad)]
    parts += [readout.weight.grad, readout.bias.grad]
    return torch.cat([part.flatten() for part in parts])


def case(layers):
    key = (SEED, 0)
    count = sum(4 * HIDDEN * ((1 if layer == 0 else HIDDEN) + HIDDEN + 1) for layer in range(layers)) + HIDDEN + 1
    start = Stream(child(key, 0))
    parameters = numpy.array([float32(SCALE) * start.normal() for _ in range(count)])
    lstm = torch.nn.LSTM(1, HIDDEN, num_layers=layers, batch_first=True).double()
    readout = torch.nn.Linear(HIDDEN, 1).double()
    with torch.no_grad():
        fill(lstm, readout, torch.tensor(parameters).double())

    def loss(values, targets):
        return ((readout(lstm(values)[0][:, -1]).flatten() - targets) ** 2).mean()

    losses, gradients = [], []
    for step in STEPS:
        lstm.zero_grad()
        readout.zero_grad()
        value = loss(*Stream(child(child(key, 1), step)).batch(BATCH))
        value.backward()
        losses.append(value.item())
        gradients.append(rounded(flat_gradient(lstm, readout).tolist()))
    with torch.no_grad():
        held_out = loss(*Stream(child(key, 2)).batch(HELD_OUT)).item()
    return {
        "layers": layers,
        "parameters": [float(str(x)) for x in parameters],
        "losses": rounded(losses),
        "gradients": gradients,
        "heldOut": held_out,
    }


fixture = {
    "length": LENGTH,
    "hidden": HIDDEN,
    "batch": BATCH,
    "scale": SCALE,
    "noise": NOISE,
    "seed": SEED,
    "steps": STEPS,
    "cases": [case(layers) for layers in (1, 2)],
}
target = pathlib.Path(__file__).with_name("lstm.json")
target.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes, torch {torch.__version__}")
