"""What the examples share: their options, their optimizers, and a run with a clock and a log."""

import argparse
import json
import math
import os
import statistics
import sys
import time
from pathlib import Path

import l2o.torch
import torch
from torch.nn.functional import cross_entropy


def optimizer(options, parameters):
    """The optimizer by its name: Gateprop, PyTorch's AdamW, or any other that `python -m l2o` names, or its file."""
    parameters = list(parameters)
    if options.optimizer == "gateprop":
        return l2o.torch.Gateprop(parameters, lr=1.0 if options.lr is None else options.lr)
    if options.optimizer not in ("adamw", "adamw-cosine"):
        return l2o.torch.Optimizer(parameters, options.optimizer, lr=1.0 if options.lr is None else options.lr)
    # Fused is the fastest that PyTorch has.
    adamw = torch.optim.AdamW(parameters, lr=1e-3 if options.lr is None else options.lr, fused=True)
    if options.optimizer == "adamw-cosine":
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adamw, options.steps)
        adamw.register_step_post_hook(lambda *_: schedule.step())
    return adamw


@torch.no_grad()
def test(model, inputs, targets):
    """The mean loss and the accuracy on test data."""
    model.eval()
    outputs = torch.cat([model(part) for part in inputs.split(500)])
    model.train()
    return cross_entropy(outputs, targets).item(), (outputs.argmax(1) == targets).float().mean().item()


class Run:
    """A training that is advanced from outside. Its clock runs while it trains, the optimizer's work included, and rests
    while it is tested; each test is a line of the log."""

    def __init__(self, train, options, log=None):
        torch.manual_seed(options.seed)
        self.options, self.step, self.seconds = options, 0, 0.0
        self.training, self.losses = train(options), []
        self.test = next(self.training)
        self.log = open(log, "w") if log else sys.stdout

    def advance(self, steps):
        """Goes on for some steps, at most to the end, and says whether there are more."""
        every = max(1, self.options.steps // self.options.tests)
        for _ in range(min(steps, self.options.steps - self.step)):
            begin = time.perf_counter()
            self.losses.append(next(self.training))
            self.seconds += time.perf_counter() - begin
            self.step += 1
            if self.step % every == 0 or self.step == self.options.steps:
                self._write(statistics.fmean(self.losses), *self.test())
                self.losses.clear()
        return self.step < self.options.steps

    def _write(self, *figures):
        # JSON has no NaN: what diverged is null.
        figures = [round(figure, 5) if math.isfinite(figure) else None for figure in figures]
        line = dict(optimizer=self.options.optimizer, lr=self.options.lr, seed=self.options.seed, step=self.step)
        line |= dict(seconds=round(self.seconds, 4))
        line |= zip(("train_loss", "test_loss", "test_accuracy"), figures)
        print(json.dumps(line), file=self.log, flush=True)


def parser(text):
    """The options that single runs and comparisons have."""
    result = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--data", default=os.environ.get("L2O_DATA_DIR"), help="the data's folder, else L2O_DATA_DIR")
    result.add_argument("--steps", type=int)
    result.add_argument("--tests", type=int, default=15, help="how often the test data is looked at")
    result.add_argument("--threads", type=int, default=torch.get_num_threads())
    return result


def main(train, steps, text):
    """One run, as the command line says; the log goes to a file, or else to where a reader sees it."""
    options = parser(text)
    options.set_defaults(steps=steps)
    options.add_argument("--optimizer", default="gateprop", help="gateprop, adamw, adamw-cosine, or any name of l2o's")
    options.add_argument("--lr", type=float, help="AdamW's, 0.001 where none is given; others need none")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--log", type=Path, help="a file for the log, in lines of JSON")
    options = options.parse_args()
    torch.set_num_threads(options.threads)
    try:
        Run(train, options, options.log).advance(options.steps)
    except (l2o.L2OError, OSError) as error:
        sys.exit(str(error))
