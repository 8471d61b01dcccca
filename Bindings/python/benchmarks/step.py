"""What a step costs through PyTorch, against torch.optim.Adam and against the same network in eager PyTorch.

    python Bindings/python/benchmarks/step.py [--rounds N] [--threads N] [--guard]

Every round times each optimizer once, one after the other, so that what else the machine does meets all of them; times are
medians over rounds, ratios medians of ratios within a round.
"""

import argparse
import statistics
import time

import l2o
import l2o.torch
import torch


def tensors(sizes):
    torch.manual_seed(0)
    result = [torch.nn.Parameter(torch.randn(size) * 0.1) for size in sizes]
    for p in result:
        p.grad = torch.randn_like(p) * 0.01
    return result


def compare(title, sizes, makers, rounds, steps):
    """Times optimizers, the last of which the others are compared with."""
    optimizers = [(name, make(tensors(sizes))) for name, make in makers]
    for _, optimizer in optimizers:
        optimizer.step()
    times = {name: [] for name, _ in optimizers}
    for _ in range(rounds):
        for name, optimizer in optimizers:
            begin = time.perf_counter()
            for _ in range(steps):
                optimizer.step()
            times[name].append((time.perf_counter() - begin) / steps * 1e6)
    peer = times[optimizers[-1][0]]
    print(f"\n{title}\n")
    print(f"| optimizer | µs a step | to {optimizers[-1][0]} |\n|---|---:|---:|")
    for name, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, peer))
        print(f"| {name} | {statistics.median(values):,.0f} | {ratio:.2f} |", flush=True)


def guard(title, sizes, rounds):
    """What the guard costs: steps with and without it in turn, in blocks of 160, each with one in which parameters are kept.

    Of processor time, which other programs on the machine change less."""
    loss = torch.tensor(1.0)
    guarded, plain = (l2o.torch.Gateprop(tensors(sizes), guard=on) for on in (True, False))
    ratios, costs, block = [], [], 160
    # The first windows are shorter: 10, 20, 40, 80.
    for count in [150] + [block] * rounds:
        seconds = [0.0, 0.0]
        for step in range(count):
            # Either is the first of a pair as often.
            for index in (step % 2, 1 - step % 2):
                optimizer = (guarded, plain)[index]
                begin = time.process_time()
                optimizer.step(loss=loss)
                seconds[index] += time.process_time() - begin
        ratios.append(seconds[0] / seconds[1])
        costs.append((seconds[0] - seconds[1]) / count * 1e6)
    ratios, cost = sorted(ratios[1:]), statistics.median(costs[1:])
    print(
        f"| {title} | {statistics.median(ratios):.3f} | {ratios[0]:.3f} to {ratios[-1]:.3f} | {cost:.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--guard", action="store_true", help="what the guard costs, alone")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"l2o {l2o.__version__}, kernels {l2o.kernels()}; torch {torch.__version__}; {options.threads} threads")
    if options.guard:
        return guards(options.rounds)
    gateprop = ("Gateprop", lambda p: l2o.torch.Gateprop(p))
    adam = ("Adam(foreach=True)", lambda p: torch.optim.Adam(p, foreach=True))
    compare("10⁶ parameters in 50 tensors", [20_000] * 50, [gateprop, adam], options.rounds, 10)
    for size in (16, 1000):
        compare(f"1,000 tensors of {size}", [size] * 1000, [gateprop, adam], options.rounds, 5)
    compare("1 tensor of 1: what a call costs", [1], [gateprop, adam], options.rounds, 200)
    compare(
        "RNNprop, 15,910 parameters in 4 tensors", [15_680, 20, 200, 10],
        [
            ("RNNprop", lambda p: l2o.torch.RNNprop(p)),
            ("the same in eager PyTorch", lambda p: l2o.torch.RNNprop(p, force="torch")),
        ], options.rounds, 2)
    guards(options.rounds)


def guards(rounds):
    print("\nGateprop with its guard to without, blocks of 160 steps\n\n| gradients | median | range | µs a step |\n|---|---:|---|---:|")
    guard("10⁶ parameters in 50 tensors", [20_000] * 50, rounds)
    guard("1,000 tensors of 16", [16] * 1000, rounds)
    guard("15,910 parameters in 4 tensors", [15_680, 20, 200, 10], rounds)
    guard("one tensor of 1", [1], rounds)


if __name__ == "__main__":
    main()
