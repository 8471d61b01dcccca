"""Writes mlp.json: losses and gradients of small MLPs by PyTorch, for Tests/OptimizeesTests.

    pip install torch && python Tests/Fixtures/make_mlp_fixtures.py

For each activation and depth: parameters in this package's flat layout (W1 inputs x outputs, b1, W2, ...), and for
each image the softmax cross-entropy and its gradient, computed in float64. Parameters and pixels are multiples of
1/128, so that they are the same number in text, float32 and float64. A minibatch's loss is the mean of its images'.
"""

import json
import pathlib

import torch

PIXELS, CLASSES, WIDTH, IMAGES = 13, 4, 5, 3
ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "elu": torch.nn.functional.elu,
    "tanh": torch.tanh,
}


def draw(generator, *shape):
    return torch.round(torch.randn(*shape, generator=generator, dtype=torch.float64) * 64) / 128


def rounded(tensor):
    return [float(f"{x:.8g}") for x in tensor.flatten().tolist()]


def case(generator, pixels, labels, activation, depth):
    widths = [PIXELS] + [WIDTH] * depth + [CLASSES]
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers.append(draw(generator, inputs, outputs).requires_grad_())
        layers.append(draw(generator, outputs).requires_grad_())
    losses, gradients = [], []
    for image, label in zip(pixels, labels):
        values = image
        for index in range(0, len(layers), 2):
            values = values @ layers[index] + layers[index + 1]
            if index + 2 < len(layers):
                values = ACTIVATIONS[activation](values)
        loss = torch.nn.functional.cross_entropy(values[None], label[None])
        losses.append(loss.detach())
        gradients.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, layers)]))
    return {
        "activation": activation,
        "depth": depth,
        "parameters": torch.cat([layer.detach().flatten() for layer in layers]).tolist(),
        "losses": rounded(torch.stack(losses)),
        "gradients": [rounded(g) for g in gradients],
    }


generator = torch.Generator().manual_seed(7)
pixels = draw(generator, IMAGES, PIXELS).abs()
labels = torch.tensor([2, 0, 3])
fixture = {
    "pixels": pixels.flatten().tolist(),
    "labels": labels.tolist(),
    "pixelsPerImage": PIXELS,
    "classes": CLASSES,
    "width": WIDTH,
    "cases": [
        case(generator, pixels, labels, activation, depth) for activation in ACTIVATIONS for depth in (1, 2, 3)
    ],
}
target = pathlib.Path(__file__).with_name("mlp.json")
target.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes, torch {torch.__version__}")
