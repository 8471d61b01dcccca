"""Steps of PyTorch's optimizers on random gradients, for OptimizersTests.

Writes optimizers.json beside itself. Needs torch (made with 2.x, CPU):
    python make_optimizer_fixtures.py
Gradients have zeros, and sizes from 1e-6 to 1e3, so that each ε matters somewhere. Parameters are kept after the steps
listed in "kept"; numbers are float32, written so that they read back exactly.
"""

import json
import os

import torch

SIZE, STEPS, KEPT = 12, 36, [1, 2, 3, 10, 36]


class SeedRule:
    """No rule of PyTorch's: its formula, in double precision."""

    def __init__(self, parameters, foreach, lr=2**-5, beta=0.95, share=0.3, eps=1e-14, tau=100):
        (self.parameters,) = parameters
        self.theta = self.parameters.detach().double()
        self.lr, self.beta, self.share, self.eps, self.tau = lr, beta, share, eps, tau
        self.m, self.v, self.t = torch.zeros_like(self.theta), torch.zeros_like(self.theta), 0

    def step(self):
        g = self.parameters.grad.double()
        self.t += 1
        self.m = self.beta * self.m + (1 - self.beta) * g
        self.v = self.beta * self.v + (1 - self.beta) * g**2
        m, v = (x / (1 - self.beta**self.t) for x in (self.m, self.v))
        rate = self.lr / (1 + self.t / self.tau) ** 0.5
        self.theta = self.theta - rate * ((1 - self.share) * m + self.share * g) / (v.sqrt() + self.eps)
        self.parameters.data = self.theta.float()


CASES = [
    ("sgd:lr=0.1", torch.optim.SGD, dict(lr=0.1)),
    ("momentum:lr=0.05", torch.optim.SGD, dict(lr=0.05, momentum=0.9)),
    ("nesterov:lr=0.05,momentum=0.8", torch.optim.SGD, dict(lr=0.05, momentum=0.8, nesterov=True)),
    ("adagrad", torch.optim.Adagrad, dict()),
    ("adagrad:lr=0.5,accumulator=0.1", torch.optim.Adagrad, dict(lr=0.5, initial_accumulator_value=0.1)),
    ("rmsprop", torch.optim.RMSprop, dict()),
    ("rmsprop:lr=0.001,alpha=0.9,epsilon=0.0001", torch.optim.RMSprop, dict(lr=0.001, alpha=0.9, eps=1e-4)),
    ("adadelta", torch.optim.Adadelta, dict()),
    ("adadelta:lr=0.7,rho=0.95,epsilon=0.0001", torch.optim.Adadelta, dict(lr=0.7, rho=0.95, eps=1e-4)),
    ("adam", torch.optim.Adam, dict()),
    ("adam:lr=0.1,beta1=0.5,beta2=0.9,epsilon=0.0001", torch.optim.Adam, dict(lr=0.1, betas=(0.5, 0.9), eps=1e-4)),
    ("adamw", torch.optim.AdamW, dict()),
    ("adamw:lr=0.1,decay=0.3", torch.optim.AdamW, dict(lr=0.1, weight_decay=0.3)),
    ("adam:lr=0.1,epsilon=1e-12", torch.optim.Adam, dict(lr=0.1, eps=1e-12)),
    ("nadam", torch.optim.NAdam, dict()),
    (
        "nadam:lr=0.1,beta1=0.5,beta2=0.9,epsilon=0.0001,psi=0.2", torch.optim.NAdam,
        dict(lr=0.1, betas=(0.5, 0.9), eps=1e-4, momentum_decay=0.2),
    ),
    ("nadamw", torch.optim.NAdam, dict(weight_decay=0.01, decoupled_weight_decay=True)),
    (
        "nadamw:lr=0.1,decay=0.3,epsilon=1e-12", torch.optim.NAdam,
        dict(lr=0.1, weight_decay=0.3, decoupled_weight_decay=True, eps=1e-12),
    ),
    ("seed-rule", SeedRule, dict()),
    (
        "seed-rule:lr=0.1,beta=0.8,gradient=0.5,epsilon=0.0001,tau=7", SeedRule,
        dict(lr=0.1, beta=0.8, share=0.5, eps=1e-4, tau=7),
    ),
]


def rounded(tensor):
    return [float(f"{x:.9g}") for x in tensor.tolist()]


def main():
    torch.manual_seed(1)
    start = torch.randn(SIZE)
    sizes = torch.tensor([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 1, 10, 100, 1000, 1])
    gradients = torch.randn(STEPS, SIZE) * sizes
    gradients[torch.rand(STEPS, SIZE) < 0.1] = 0
    gradients[:, -1] = 0
    cases = []
    for specification, kind, options in CASES:
        parameters = start.clone().requires_grad_()
        optimizer = kind([parameters], foreach=False, **options)
        kept = []
        for step in range(STEPS):
            parameters.grad = gradients[step].clone()
            optimizer.step()
            if step + 1 in KEPT:
                kept.append(rounded(parameters.detach()))
        cases.append(dict(optimizer=specification, parameters=kept))
    fixture = dict(
        torch=torch.__version__.split("+")[0], start=rounded(start), gradients=[rounded(g) for g in gradients],
        kept=KEPT, cases=cases)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "optimizers.json")
    with open(path, "w") as file:
        json.dump(fixture, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
