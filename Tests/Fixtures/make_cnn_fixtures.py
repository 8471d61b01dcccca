"""Writes cnn.json: losses and gradients of small CNNs by PyTorch, for Tests/OptimizeesTests.

    pip install torch && python Tests/Fixtures/make_cnn_fixtures.py

For each list of layers: parameters in this package's flat layout (filters rows x columns x inputs x outputs, biases,
matrices inputs x outputs whose first inputs are rows x columns x channels, biases), and for each image the softmax
cross-entropy, its gradient, and the class with the largest logit, computed in float64. Parameters and pixels are
multiples of 1/128, so that they are the same number in text, float32 and float64. A minibatch's loss is the mean of its
images'.
"""

import json
import pathlib

import torch
from torch.nn import functional

CLASSES, WIDTH, IMAGES = 4, 2, 3
CASES = [("c-f", 1, 3), ("c-p-f", 2, 4), ("c-c-p-f", 3, 6), ("c-p-c-f-f", 1, 5), ("c-c-p-c-c-p-f-f", 1, 7)]


def draw(generator, *shape):
    return torch.round(torch.randn(*shape, generator=generator, dtype=torch.float64) * 64) / 128


def rounded(tensor):
    return [float(f"{x:.8g}") for x in tensor.flatten().tolist()]


def draw_parameters(generator, layers, channels, side):
    """Weights and biases in order, in this package's layout."""
    width, inputs, parameters = WIDTH, channels, []
    hidden = WIDTH << layers.count("p")
    for index, layer in enumerate(layers):
        if layer == "p":
            width, side = 2 * width, side // 2
            continue
        if layer == "c":
            shape, outputs = (3, 3, inputs, width), width
        else:
            if layers[index - 1] != "f":
                inputs *= side * side
            outputs = CLASSES if index == len(layers) - 1 else hidden
            shape = inputs, outputs
        parameters += [draw(generator, *shape).requires_grad_(), draw(generator, outputs).requires_grad_()]
        inputs = outputs
    return parameters


def logits(layers, parameters, image):
    values, left = image[None], list(parameters)
    for index, layer in enumerate(layers):
        if layer == "p":
            values = functional.max_pool2d(values, 2)
            continue
        weights, biases = left.pop(0), left.pop(0)
        if layer == "c":
            values = functional.relu(functional.conv2d(values, weights.permute(3, 2, 0, 1), biases, padding=1))
        else:
            if values.dim() == 4:
                values = values.permute(0, 2, 3, 1).flatten(1)
            values = values @ weights + biases
            if index < len(layers) - 1:
                values = functional.relu(values)
    return values


def case(generator, text, channels, side):
    layers = text.split("-")
    parameters = draw_parameters(generator, layers, channels, side)
    pixels = draw(generator, IMAGES, channels, side, side)
    labels = torch.tensor([2, 0, 3])
    losses, gradients, classes = [], [], []
    for image, label in zip(pixels, labels):
        outputs = logits(layers, parameters, image)
        loss = functional.cross_entropy(outputs, label[None])
        losses.append(loss.detach())
        gradients.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)]))
        classes.append(int(outputs.argmax()))
    return {
        "layers": text,
        "channels": channels,
        "pixels": pixels.flatten().tolist(),
        "labels": labels.tolist(),
        "classes": classes,
        "parameters": torch.cat([p.detach().flatten() for p in parameters]).tolist(),
        "losses": rounded(torch.stack(losses)),
        "gradients": [rounded(g) for g in gradients],
    }


generator = torch.Generator().manual_seed(3)
fixture = {"width": WIDTH, "classCount": CLASSES, "cases": [case(generator, *c) for c in CASES]}
target = pathlib.Path(__file__).with_name("cnn.json")
target.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
print(f"{target.name}: {target.stat().st_size} bytes, torch {torch.__version__}")
