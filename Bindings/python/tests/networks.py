"""A small network to train, and what tests ask of it."""

import torch
from torch import nn

RULES = ["gateprop", "rnnprop", "rnnprop:state=half", "adam:lr=2^-7", "momentum:lr=0.3"]
LEARNED = ["gateprop", "rnnprop"]


def model(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(20, 33), nn.ReLU(), nn.Linear(33, 9, bias=False), nn.Tanh(), nn.Linear(9, 3))


def data():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(64, 20, generator=generator), torch.randint(0, 3, (64,), generator=generator)


def train(network, optimizer, steps, after=lambda step: None, with_loss=False):
    """The losses of some steps, which are told to the optimizer where it wants them; `after` is called after each step."""
    x, y = data()
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step(**({"loss": loss} if with_loss else {}))
        losses.append(loss.item())
        after(step)
    return losses


def bits(network):
    return [p.detach().clone() for p in network.parameters()]


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
