"""The learned rules once more in whole-array operations, for devices that the library has no kernels for.

The same code runs on PyTorch's tensors and on JAX's arrays: ``xp`` is ``torch`` or ``jax.numpy``, and ``m``, which works on
the step's number, is ``math`` or ``jax.numpy``. Nothing is changed in place: a rule returns the change of a tensor and what
it then remembers. Shapes of memories are those of the library's states in files.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import _library, _safetensors
from ._library import L2OError

Array = Any
Memory = dict[str, Any]


def _correction(m: Any, decay: float, t: Any) -> Any:
    """1 / (1 − decayᵗ), of which single precision would lose digits in any other order."""
    return 1.0 if decay == 0 else -1 / m.expm1(t * math.log(decay))


class Rule:
    """A learned rule with its weights; ``array`` makes an array of a framework from a shape and float32 bytes."""

    # Names of memories that have a column for each parameter, with their rows.
    rows: dict[str, int]
    # Memories of a tensor as a whole, and of all tensors together.
    of_tensor: dict[str, int] = {}
    of_all: tuple[str, ...] = ()
    # Whether rows, of which each memory then has one, are no dimension in files.
    is_flat = False

    def __init__(self, constants: dict[str, float], weights: dict[str, Array]) -> None:
        self.constants, self.weights = constants, weights

    def shared(self, xp: Any, gradients: list[Array], memory: Memory, is_first: Any) -> Memory:
        """What is remembered of all tensors together, brought up to date."""
        return memory

    def change(
        self, xp: Any, m: Any, t: Any, shape: tuple[int, ...], p: Array, g: Array, memory: Memory, shared: Memory
    ) -> tuple[Array, Memory]:
        """Δθ of a tensor of that shape, whose elements are in a row, at its step ``t``, from 1; and its memory."""
        raise NotImplementedError


class Gateprop(Rule):
    """Gates over normalised momenta; Documentation/Results.md has its formulas' results, ``Gateprop.swift`` the formulas."""

    rows = {"coordinates": 6}
    of_tensor = {"tensors": 2}
    of_all = ("level",)

    def shared(self, xp: Any, gradients: list[Array], memory: Memory, is_first: Any) -> Memory:
        squares = sum(xp.sum(xp.square(g)) for g in gradients)
        mean = squares / sum(math.prod(g.shape) for g in gradients)
        now = xp.log2(xp.clip(xp.sqrt(mean), 1e-20, None))
        level = memory["level"][0]
        later = xp.where(xp.isfinite(now), 0.9 * level + 0.1 * now, level)
        first = xp.where(xp.isfinite(now), now, level)
        value = (first if is_first else later) if isinstance(is_first, bool) else xp.where(is_first, first, later)
        return {"level": xp.stack([value])}

    def change(
        self, xp: Any, m: Any, t: Any, shape: tuple[int, ...], p: Array, g: Array, memory: Memory, shared: Memory
    ) -> tuple[Array, Memory]:
        def rms(x: Array) -> Array:
            return xp.sqrt(xp.mean(xp.square(x)))

        def squashed(x: Array) -> Array:
            return xp.abs(x) / (1 + xp.abs(x))

        c, w, level = self.constants, self.weights, shared["level"][0]
        before, va, mb, vb, q1, q2 = memory["coordinates"]
        average, last_rate = memory["tensors"]
        fast, slow_mean, slow_square = c["fast_decay"], c["slow_mean_decay"], c["slow_square_decay"]
        corrected = _correction(m, fast, t)
        products = xp.sqrt(xp.sum(xp.square(g)) * xp.sum(xp.square(before)))
        cosine = xp.where(products > 0, xp.sum(g * before) / xp.where(products > 0, products, products + 1), 0 * level)
        ma, va = fast * before + (1 - fast) * g, fast * va + (1 - fast) * g * g
        mb = slow_mean * mb + (1 - slow_mean) * g
        vb = slow_square * vb + (1 - slow_square) * g * g
        sa = xp.sqrt(va * corrected) + c["epsilon"]
        sb = xp.sqrt(vb * _correction(m, slow_square, t)) + c["epsilon"]
        agreement = xp.clip(g / sa * (before / sa) * corrected, -2, 2)
        q1, q2 = 0.9 * q1 + 0.1 * agreement, 0.99 * q2 + 0.01 * agreement
        squares = xp.clip(xp.sqrt(xp.mean(va * corrected)), 1e-20, None)
        size = xp.clip(rms(p), 1e-20, None)
        average = 0.9 * average + 0.1 * cosine
        raw, quick, slow = g / sa, ma * corrected / sa, mb * _correction(m, slow_mean, t) / sb
        o = [
            raw, quick, xp.clip(slow, -10, 10), xp.clip(ma * corrected / squares, -10, 10),
            xp.clip(0.3 * p / size, -10, 10),
        ]
        numbers = [m.tanh(t / clock - 1) for clock in (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)]
        one = 0 * level + 1
        seen = xp.stack(
            [number * one for number in numbers]
            + [
                xp.log2(xp.clip(rms(quick), 1e-6, None)) / 3, xp.log2(xp.clip(rms(slow), 1e-6, None)) / 3,
                xp.log2(size + 1e-4) / 5, 2 * average, (1 if len(shape) > 1 else 0) * one,
                math.log2(math.prod(shape)) / 10 * one, xp.clip((xp.log2(squares) - level) / 4, -3, 3), last_rate / 3,
                cosine, xp.clip((xp.log2(squares) + 8) / 8, -3, 3),
            ])
        units = xp.tanh(w["tensor.hidden.weight"] @ seen + w["tensor.hidden.bias"])
        said = w["tensor.output.weight"] @ units + w["tensor.output.bias"]
        log_rate = 5 * xp.tanh(said[-1] / 5)
        inputs = xp.stack(
            [
                squashed(o[0]), squashed(o[1]), squashed(o[2]), xp.clip(xp.log2(sa / squares) / 4, -3, 1.5),
                xp.clip(xp.log2(sa / sb) / 2, -3, 3), squashed(p / size), xp.clip(o[0] * o[1], -3, 3),
                xp.clip(o[1] * o[2], -3, 3), 3 * q1, 3 * q2,
            ])
        biases = (w["coordinate.hidden.bias"] + said[:-1])[:, None]
        hidden = xp.clip(w["coordinate.hidden.weight"] @ inputs + biases, 0, None)
        gates = w["coordinate.output.weight"] @ hidden + w["coordinate.output.bias"][:, None]
        direction = sum((gates[k] + base) * o[k] for k, base in enumerate((0.3, 0.7, 0.0, 0.0, 0.0)))
        rate = c["rate"] / m.sqrt(1 + t / c["rate_steps"])
        return -rate * xp.exp(log_rate + 4 * xp.tanh(gates[5] / 4)) * direction, {
            "coordinates": xp.stack([ma, va, mb, vb, q1, q2]), "tensors": xp.stack([average, log_rate])
        }


class _Recurrent(Rule):
    """Two LSTM layers for each parameter, which read ``features`` and whose output is the change."""

    of_tensor: dict[str, int] = {}

    def __init__(self, constants: dict[str, float], weights: dict[str, Array]) -> None:
        super().__init__(constants, weights)
        hidden = weights["readout.weight"].shape[0]
        self.rows = {f"lstm{layer}.{part}": hidden for layer in (1, 2) for part in "ch"}

    def _network(self, xp: Any, x: Array, memory: Memory) -> tuple[Array, Memory]:
        w, after = self.weights, {}
        for layer in (1, 2):
            h, c = memory[f"lstm{layer}.h"], memory[f"lstm{layer}.c"]
            hidden, weight = h.shape[0], w[f"lstm{layer}.weight"]
            inputs = weight.shape[0] - hidden
            z = weight[:inputs].T @ x + weight[inputs:].T @ h + w[f"lstm{layer}.bias"][:, None]
            i, j, f, o = (z[k * hidden:(k + 1) * hidden] for k in range(4))
            c = c / (1 + xp.exp(-f - 1)) + xp.tanh(j) / (1 + xp.exp(-i))
            x = xp.tanh(c) / (1 + xp.exp(-o))
            after[f"lstm{layer}.c"], after[f"lstm{layer}.h"] = c, x
        return w["readout.weight"].T @ x + w["readout.bias"][:, None], after


class RNNprop(_Recurrent):
    """Lv, Jiang, Li 2017."""

    def __init__(self, constants: dict[str, float], weights: dict[str, Array]) -> None:
        super().__init__(constants, weights)
        self.rows = {"features": 2, **self.rows}

    def change(
        self, xp: Any, m: Any, t: Any, shape: tuple[int, ...], p: Array, g: Array, memory: Memory, shared: Memory
    ) -> tuple[Array, Memory]:
        c, w = self.constants, self.weights
        mean, squares = memory["features"]
        mean = c["beta1"] * mean + (1 - c["beta1"]) * g
        squares = c["beta2"] * squares + (1 - c["beta2"]) * g * g
        size = xp.sqrt(squares * _correction(m, c["beta2"], t)) + c["epsilon"]
        seen = xp.stack([g / size, mean * _correction(m, c["beta1"], t) / size])
        z = w["projection.weight"].T @ seen + w["projection.bias"][:, None]
        x = xp.where(z > 0, z, xp.expm1(xp.clip(z, None, 0)))
        said, after = self._network(xp, x, memory)
        return -c["scale"] * xp.tanh(said[0]), {"features": xp.stack([mean, squares]), **after}


class DMoptimizer(_Recurrent):
    """Andrychowicz et al. 2016."""

    def change(
        self, xp: Any, m: Any, t: Any, shape: tuple[int, ...], p: Array, g: Array, memory: Memory, shared: Memory
    ) -> tuple[Array, Memory]:
        c = self.constants
        logarithm = xp.log(xp.clip(xp.abs(g) + c["log_offset"], 1.1754944e-38, None)) / c["p"]
        seen = xp.stack([xp.clip(logarithm, -1, None), xp.clip(g * math.exp(c["p"]), -1, 1)])
        said, after = self._network(xp, seen, memory)
        return c["scale"] * said[0], after


class Adam(Rule):
    """Kingma and Ba 2015, at its usual constants: what steps while a guard lets a learned rule rest."""

    rows = {"first": 1, "second": 1}
    is_flat = True

    def change(
        self, xp: Any, m: Any, t: Any, shape: tuple[int, ...], p: Array, g: Array, memory: Memory, shared: Memory
    ) -> tuple[Array, Memory]:
        first, second = 0.9 * memory["first"] + 0.1 * g, 0.999 * memory["second"] + 0.001 * g * g
        root = xp.sqrt(second[0] * _correction(m, 0.999, t))
        return -0.001 * _correction(m, 0.9, t) * first[0] / (root + 1e-8), {"first": first, "second": second}


_RULES: dict[str, type[Rule]] = {"gateprop": Gateprop, "rnnprop": RNNprop, "dm": DMoptimizer}


def kind(weights: str) -> str:
    """The rule that weights are of."""
    return _safetensors.split(_library.weights(weights))[0]["kind"]


def load(specification: str, array: Callable[[list[int], memoryview], Array]) -> Rule:
    """The rule of a specification in array operations.

    Raises:
        L2OError: where there is none: hand-designed optimizers and options are the library's alone.
    """
    name = specification.split(":")[0]
    if name != specification or name not in _library.names() and not name.endswith(".safetensors") and "/" not in name:
        raise L2OError(f"{specification}: has no form in array operations; use weights of {', '.join(_RULES)}")
    try:
        metadata, tensors = _safetensors.split(_library.weights(specification))
    except L2OError as error:
        raise L2OError(f"{error}; in array operations there are {', '.join(_RULES)} alone") from None
    if metadata["kind"] not in _RULES:
        raise L2OError(f"{specification}: {metadata['kind']} has no form in array operations; use the CPU")
    constants = {}
    for name, text in metadata.items():
        try:
            constants[name] = float(text)
        except ValueError:
            continue
    weights = {name: array(shape, values) for name, (shape, values) in tensors.items()}
    return _RULES[metadata["kind"]](constants, weights)
