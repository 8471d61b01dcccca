"""An example's race by the clock: Gateprop as it comes against AdamW at its best learning rate, constant and cosine.

    python compare.py mnist|characters|resnet [--out FOLDER] [--data FOLDER] [--steps N] [--rates X …] [--seeds N] [--draw]

AdamW is tuned first, at seed 0, by its last test loss: more rates are tried for as long as the best is at an end of the
list. Then all three run at seeds 1 to N. Runs are advanced in turn, a few steps each, so that whatever else the machine does
meets all of them. FOLDER gets every run's log, result.md and, with matplotlib, result.svg; --draw makes the last two anew.
"""

import importlib
import json
import statistics
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import torch

import runs

NAMES = {"gateprop": "Gateprop", "adamw": "AdamW at {:g}", "adamw-cosine": "AdamW at {:g}, cosine to 0"}
COLOURS = {"gateprop": "#0072b2", "adamw": "#d55e00", "adamw-cosine": "#009e73"}
TITLES = {"mnist": "MNIST, perceptron", "characters": "Characters, transformer", "resnet": "CIFAR-10, ResNet-8"}


def interleave(train, choices, options, folder, block=10):
    """Runs each (optimizer, rate, seed), a few steps in turn, and returns their logs' lines."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}{'' if lr is None else f'-{lr:g}'}-seed{seed}.jsonl" for name, lr, seed in choices]
    going = [
        runs.Run(train, Namespace(**vars(options) | dict(optimizer=name, lr=lr, seed=seed)), path)
        for (name, lr, seed), path in zip(choices, paths)
    ]
    while going:
        going = [run for run in going if run.advance(block)]
        going = going[1:] + going[:1]
    return [read(path) for path in paths]


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def loss_of(log):
    """The last test loss; what diverged is last in every order."""
    loss = log[-1]["test_loss"]
    return float("inf") if loss is None else loss


def tune(train, names, rates, options, folder):
    """The best rate of each optimizer, at seed 0."""
    logs, wanted = {}, [(name, rate) for name in names for rate in rates]
    while wanted:
        choices = [(name, rate, 0) for name, rate in wanted]
        logs |= zip(wanted, interleave(train, choices, options, folder))
        best = {name: min((key for key in logs if key[0] == name), key=lambda key: loss_of(logs[key])) for name in names}
        wanted = []
        for name, rate in best.values():
            tried = sorted(key[1] for key in logs if key[0] == name)
            if len(tried) > 1 and rate in (tried[0], tried[-1]) and loss_of(logs[name, rate]) < float("inf"):
                wanted.append((name, float(f"{rate * rate / tried[1 if rate == tried[0] else -2]:.0e}")))
    return [key[1] for key in best.values()]


def at(log, seconds, figure):
    """A figure of a run at some time, straight between tests."""
    return np.interp(seconds, *zip(*((line["seconds"], np.nan if line[figure] is None else line[figure]) for line in log)))


def summarise(groups, tuning):
    """A table of the last tests, at equal steps and where the first of a seed's runs has ended."""
    steps = groups["gateprop"][0][-1]["step"]
    ends = [min(log[-1]["seconds"] for log in seed) for seed in zip(*groups.values())]
    head = f"loss, {steps:,} steps", "accuracy", f"loss, {statistics.fmean(ends):.1f} s", "accuracy"
    lines = [f"| optimizer | {' | '.join(head)} | seconds | tuning, s |", "|---|" + "---:|" * 6]
    for name, logs in groups.items():
        figures = []
        for seconds in ([log[-1]["seconds"] for log in logs], ends):
            losses = [at(log, end, "test_loss") for log, end in zip(logs, seconds)]
            spread = f" ({min(losses):.4f}–{max(losses):.4f})" if len(losses) > 1 else ""
            accuracy = statistics.fmean(at(log, end, "test_accuracy") for log, end in zip(logs, seconds))
            figures += [f"{statistics.fmean(losses):.4f}{spread}", f"{accuracy:.2%}"]
        own = [log[-1]["seconds"] for log in tuning[name]]
        figures += [f"{statistics.fmean(log[-1]['seconds'] for log in logs):.1f}", f"{sum(own):.0f} ({len(own)} runs)"]
        lines.append(f"| {NAMES[name].format(logs[0][0]['lr'])} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def draw(title, groups, tuning, path):
    """Test losses by seconds: thin lines are runs, thick ones their means at equal steps."""
    from matplotlib import pyplot, ticker

    pyplot.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "l2o", "font.family": "sans-serif", "font.size": 10}
    figure, axes = pyplot.subplots(figsize=(7.6, 4.6), layout="constrained")
    for name, logs in groups.items():
        curves = np.array([
            [(line["seconds"], np.nan if line["test_loss"] is None else line["test_loss"]) for line in log] for log in logs])
        for curve in curves:
            axes.plot(*curve.T, color=COLOURS[name], linewidth=0.8, alpha=0.4)
        spent = sum(log[-1]["seconds"] for log in tuning[name])
        label = f"{NAMES[name].format(logs[0][0]['lr'])}; tuning before: {spent:.0f} s"
        axes.plot(*curves.mean(0).T, color=COLOURS[name], linewidth=2.2, label=label)
    axes.set(title=title, ylabel="test loss", yscale="log")
    axes.set(xlabel="seconds of training, tests and tuning left out", xlim=0)
    ticks = axes.yaxis
    ticks.set_major_locator(ticker.LogLocator(subs=(1, 1.3, 1.6, 2, 2.5, 3, 4, 5, 7)))
    ticks.set_minor_locator(ticker.NullLocator())
    ticks.set_major_formatter("{x:.3g}")
    axes.grid(color="#e4e7eb")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = runs.parser(__doc__)
    parser.add_argument("example", choices=TITLES)
    parser.add_argument("--out", type=Path, help="the folder for logs, table and picture, else runs/EXAMPLE")
    parser.add_argument("--rates", type=float, nargs="+", default=[3e-4, 1e-3, 3e-3, 1e-2], metavar="X")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds are measured")
    parser.add_argument("--draw", action="store_true", help="only table and picture, of the logs in the folder")
    parser.set_defaults(threads=1)
    options = parser.parse_args()
    folder = options.out or Path("runs", options.example)
    if not options.draw:
        example = importlib.import_module(options.example)
        options.steps = options.steps or example.STEPS
        torch.set_num_threads(options.threads)
        race(example.train, options, folder)
    tuning, measured = ({name: [] for name in NAMES} for _ in range(2))
    for part, logs in (("tuning", tuning), ("measured", measured)):
        for path in sorted((folder / part).glob("*.jsonl")):
            log = read(path)
            logs[log[0]["optimizer"]].append(log)
    if not all(measured.values()):
        sys.exit(f"{folder}: no logs of a whole race; run it without --draw")
    (folder / "result.md").write_text(summarise(measured, tuning))
    print((folder / "result.md").read_text())
    try:
        draw(TITLES[options.example], measured, tuning, folder / "result.svg")
    except ImportError:
        print("no picture: pip install matplotlib, then run this again with --draw")


def race(train, options, folder):
    if any(folder.glob("*/*.jsonl")):
        sys.exit(f"{folder} has logs already: give another --out, or --draw for their table and picture")
    # What only the first steps of a program pay for, such as imports, is paid before the clocks run.
    warm = Namespace(**vars(options) | dict(steps=3, tests=1))
    with tempfile.TemporaryDirectory() as nowhere:
        interleave(train, [(name, None, 0) for name in NAMES], warm, Path(nowhere))
    tuned = ["adamw", "adamw-cosine"]
    best = dict(zip(tuned, tune(train, tuned, options.rates, options, folder / "tuning")))
    for seed in range(1, options.seeds + 1):
        interleave(train, [(name, best.get(name), seed) for name in NAMES], options, folder / "measured")


if __name__ == "__main__":
    main()
