"""CIFAR-10 with a small residual network, ResNet-8 (He et al. 2016, section 4.2, n = 1).

    python resnet.py [--optimizer gateprop|adamw|adamw-cosine|NAME] [--lr X] [--data FOLDER] [--steps N] [--seed N] [--log FILE]
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, relu

import data
import runs

STEPS = 400
TEST_IMAGES = 2000


def convolution(channels, out, stride=1, size=3):
    return nn.Sequential(
        nn.Conv2d(channels, out, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(out))


class Block(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.inner = nn.Sequential(convolution(channels, out, stride), nn.ReLU(), convolution(out, out))
        self.short = nn.Identity() if channels == out else convolution(channels, out, stride, size=1)

    def forward(self, x):
        return relu(self.inner(x) + self.short(x))


def train(options):
    (images, labels), test = data.cifar10(options.data)
    generator = torch.Generator().manual_seed(options.seed)
    model = nn.Sequential(
        convolution(3, 16), nn.ReLU(), Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    yield lambda: runs.test(model, test[0][:TEST_IMAGES], test[1][:TEST_IMAGES])

    optimizer = runs.optimizer(options, model.parameters())     # l2o.torch.Gateprop(model.parameters())
    for _ in range(options.steps):
        batch = torch.randint(len(images), (64,), generator=generator)
        optimizer.zero_grad()
        loss = cross_entropy(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        yield loss.item()


if __name__ == "__main__":
    runs.main(train, STEPS, __doc__)
