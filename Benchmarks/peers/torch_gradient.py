"""The loss and gradient of one minibatch of the paper's CNNs in PyTorch, on pixels that are drawn once.

plain          as one would write it
channels-last  images and filters with their channels side by side
compiled       that, through torch.compile
"""
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from setting import BATCH, CLASSES

# Channels and side of the images, convolutions before each pooling, hidden fully connected layers.
NETWORKS = {
    "mnist-cnn": (1, 28, [2], 0),
    "mnist-cnn-deep": (1, 28, [2, 2], 1),
    "cifar-cnn": (3, 32, [2], 0),
    "cifar-cnn-deep": (3, 32, [2, 2], 1),
}


def network(channels, side, stages, hidden):
    layers, width = [], 16
    for convolutions in stages:
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
        side, width = side // 2, 2 * width
    layers.append(nn.Flatten())
    features = channels * side * side
    for _ in range(hidden):
        layers += [nn.Linear(features, width), nn.ReLU()]
        features = width
    layers.append(nn.Linear(features, CLASSES))
    model = nn.Sequential(*layers)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1)
    return model


def make(form, name):
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    channels, side, stages, hidden = NETWORKS[name]
    model = network(channels, side, stages, hidden)
    images = torch.from_numpy(random.random((BATCH, channels, side, side), dtype=np.float32))
    labels = torch.from_numpy(random.integers(0, CLASSES, BATCH))
    if form != "plain":
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    parameters = list(model.parameters())
    loss = lambda: functional.cross_entropy(model(images), labels)
    if form == "compiled":
        loss = torch.compile(loss)
    return lambda: torch.autograd.grad(loss(), parameters)
