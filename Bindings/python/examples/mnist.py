"""MNIST with a multilayer perceptron: an ordinary loop, in which the optimizer's line alone differs from Adam's.

    python mnist.py [--optimizer gateprop|adamw|adamw-cosine|NAME] [--lr X] [--data FOLDER] [--steps N] [--seed N] [--log FILE]
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import data
import runs

STEPS = 3000


def train(options):
    (images, labels), test = data.mnist(options.data)
    generator = torch.Generator().manual_seed(options.seed)
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    yield lambda: runs.test(model, *test)

    optimizer = runs.optimizer(options, model.parameters())     # l2o.torch.Gateprop(model.parameters())
    for _ in range(options.steps):
        batch = torch.randint(len(images), (128,), generator=generator)
        optimizer.zero_grad()
        loss = cross_entropy(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        yield loss.item()


if __name__ == "__main__":
    runs.main(train, STEPS, __doc__)
