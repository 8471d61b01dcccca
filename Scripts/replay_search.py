#!/usr/bin/env python3
"""Replays the search that heavy panels get on sweeps that were searched more widely.

    l2o reproduce rows --problems 5 --out runs/rows
    Scripts/replay_search.py runs/rows/store.sqlite

Reads the final losses that a results store holds and decides as `OpenSweep` does, once with the wide search on two
problems and once as `RateSearch.frugal`: from three rates, and from the best rate of the sweep that the same optimizer
had before on an optimizee of the same kind. A sweep for which the store lacks a run that is asked for is left out.
"""
import collections, math, re, sqlite3, sys

RANGES = {"sgd": (-8, 8), "momentum": (-14, 2), "nesterov": (-14, 2), "adagrad": (-12, 4), "adadelta": (-4, 12),
          "adam": (-20, -4), "rmsprop": (-20, -4)}
SPACING = 4


def sweeps(path):
    """The losses of each sweep by half power and problem."""
    losses = collections.defaultdict(lambda: collections.defaultdict(dict))
    rows = sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute(
        "SELECT optimizee, steps, optimizer, problem, final_loss FROM runs ORDER BY rowid")
    for optimizee, steps, optimizer, problem, loss in rows:
        match = re.fullmatch(r"(\w+)\(lr=([^,)]+)(.*)\)", optimizer)
        if not match or match[1] not in RANGES:
            continue
        half_power = 2 * math.log2(float(match[2]))
        if abs(half_power - round(half_power)) < 1e-6:
            losses[optimizee, steps, match[1], match[3]][round(half_power)][problem] = math.inf if loss is None else loss
    return losses


def search(losses, start, stages):
    """The best half power and the number of runs, or None where a run is missing."""
    problems_of, wanted = {}, set(start)
    mean = lambda power, count: sum(losses[power][p] for p in range(count)) / count
    while True:
        distance, reach, problems = stages[0]
        for power in wanted:
            if any(p not in losses.get(power, {}) for p in range(problems)):
                return None
            problems_of[power] = problems
        most = max(problems_of.values())
        best = min((p for p, count in problems_of.items() if count == most), key=lambda p: (mean(p, most), p))
        while True:
            distance, reach, problems = stages[0]
            near = {best + step * distance for step in range(-reach, reach + 1)}
            wanted = {p for p in near if problems_of.get(p, 0) < problems}
            if wanted or len(stages) == 1:
                break
            stages = stages[1:]
        if not wanted:
            return best, sum(problems_of.values())


STAGES = [(4, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)]


class Comparison:
    """How often a way to search comes to the rate of the wide search, and what it costs."""

    def __init__(self, name):
        self.name, self.same, self.runs, self.wide_runs, self.others = name, 0, 0, 0, []

    def add(self, sweep, losses, wide, found):
        if found is None:
            return
        self.runs, self.wide_runs = self.runs + found[1], self.wide_runs + wide[1]
        if found[0] == wide[0]:
            self.same += 1
        else:
            loss = lambda power: (losses[power][0] + losses[power][1]) / 2
            self.others.append(f"  {', '.join(map(str, sweep[:3]))}: {100 * (loss(found[0]) / loss(wide[0]) - 1):.1f} % higher")

    def report(self):
        count = self.same + len(self.others)
        if count == 0:
            sys.exit("no sweep has all runs that are asked for")
        print(f"{self.name}: the same rate in {self.same} of {count} sweeps; {self.runs / count:.1f} runs in place of "
              f"{self.wide_runs / count:.1f}", *self.others, sep="\n")


middle, nearby = Comparison("from three rates"), Comparison("from the best rate of the sweep before")
best_before = {}
for (optimizee, steps, optimizer, options), losses in sweeps(sys.argv[1]).items():
    low, high = RANGES[optimizer]
    start = range(low, high + 1, SPACING)
    wide = search(losses, start, [(4, 1, 1), (2, 1, 1), (1, 3, 2)])
    if wide is None:
        continue
    sweep = optimizee, steps, optimizer, options
    middle.add(sweep, losses, wide, search(losses, start[1:-1], STAGES))
    # LSTMs and MLPs are not of one kind.
    kin = optimizer, options, optimizee.split("-")[1]
    if kin in best_before:
        nearby.add(sweep, losses, wide, search(losses, [best_before[kin]], STAGES[1:]))
    best_before[kin] = wide[0]
middle.report()
nearby.report()
