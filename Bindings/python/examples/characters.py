"""A small transformer that continues text, character by character: it learns Python's own reference, `pydoc`'s topics.

    python characters.py [--optimizer gateprop|adamw|adamw-cosine|NAME] [--lr X] [--steps N] [--seed N] [--log FILE]
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import data
import runs

STEPS = 1500
CONTEXT, WIDTH, LAYERS = 64, 64, 2


class Transformer(nn.Module):
    def __init__(self, characters):
        super().__init__()
        self.characters = nn.Embedding(characters, WIDTH)
        self.places = nn.Embedding(CONTEXT, WIDTH)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(LAYERS))
        self.out = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, characters))
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(CONTEXT))

    def forward(self, codes):
        x = self.characters(codes) + self.places.weight
        for layer in self.layers:
            x = layer(x, self.mask, is_causal=True)
        return self.out(x).transpose(1, 2)


def train(options):
    text, test, characters = data.text()
    generator = torch.Generator().manual_seed(options.seed)
    model = Transformer(characters)
    held_out = test.unfold(0, CONTEXT + 1, CONTEXT)
    yield lambda: runs.test(model, held_out[:, :-1], held_out[:, 1:])

    optimizer = runs.optimizer(options, model.parameters())     # l2o.torch.Gateprop(model.parameters())
    for _ in range(options.steps):
        starts = torch.randint(len(text) - CONTEXT, (32, 1), generator=generator)
        windows = text[starts + torch.arange(CONTEXT + 1)]
        optimizer.zero_grad()
        loss = cross_entropy(model(windows[:, :-1]), windows[:, 1:])
        loss.backward()
        optimizer.step()
        yield loss.item()


if __name__ == "__main__":
    runs.main(train, STEPS, __doc__)
