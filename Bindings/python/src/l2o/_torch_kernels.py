"""An optimizer's state for some parameters of PyTorch in the library, whose kernels step on them."""

from __future__ import annotations

import ctypes
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from . import _guard, _library
from ._torch_sessions import Entries, descending, single, write_back

# What is asked of every tensor at every step: in loops that are not Python's.
_gradient, _dtype = operator.attrgetter("grad"), operator.attrgetter("dtype")
_place, _is_contiguous = Tensor.data_ptr, Tensor.is_contiguous

# What a tensor that sits a step out may point to: nobody looks there.
_NOWHERE = (ctypes.c_float * 4)()


def _is_in_place(p: Tensor) -> bool:
    """Whether the kernels can change it where it lies."""
    return p.dtype is torch.float32 and p.is_contiguous()


def _copy(p: Tensor) -> Tensor:
    """A copy that they can change."""
    return p.detach().to(torch.float32, copy=True, memory_format=torch.contiguous_format)


def _scales_and_decays(entries: Iterable[tuple[dict[str, Any], Tensor]]) -> tuple[list[float], list[float]]:
    """What each parameter's step is multiplied by, and the share of it that is taken away before."""
    both = [(float(group["lr"]), float(group["lr"]) * float(group["weight_decay"])) for group, _ in entries]
    return [scale for scale, _ in both], [decay for _, decay in both]


class KernelSession:
    """State in the library, whose kernels change float32 parameters where they lie."""

    on_kernels = True

    def __init__(self, specification: str, parameters: Sequence[Tensor], threads: int) -> None:
        self.count = len(parameters)
        self._handle = _library.Handle(specification, [p.shape for p in parameters])
        self._handle.set_threads(threads)
        self._is_guarded = _guard.is_guarded(specification)
        # Which a guard may give back, whether or not they have a gradient at that call.
        self._moved = [False] * self.count
        # Where all parameters were when the last step was taken on them where they lie; None where it was not.
        self._places: list[int] | None = None

    @property
    def failures(self) -> int:
        """How often the guard took steps back."""
        return self._handle.failures

    def step_at_once(self, groups: Sequence[dict[str, Any]], loss: Any) -> bool:
        """
        One step on these groups where nothing is out of the ordinary: every parameter is where it was at the last step and
        has a gradient that the kernels can read. Otherwise takes none.

        Returns:
            whether the step was taken.
        """
        parameters = groups[0]["params"] if len(groups) == 1 else [p for group in groups for p in group["params"]]
        if self._places is None or any(group["maximize"] for group in groups):
            return False
        try:
            gradients = list(map(_gradient, parameters))
            places, slopes = list(map(_place, parameters)), list(map(_place, gradients))
        except (TypeError, RuntimeError):  # None, and what does not lie in one place
            return False
        # What is where it was has the type that it had.
        if not (
            places == self._places and set(map(_dtype, gradients)) == {torch.float32}
            and all(map(_is_contiguous, parameters)) and all(map(_is_contiguous, gradients))):
            return False
        scales = decays = None
        if any(group["lr"] != 1 or group["weight_decay"] != 0 for group in groups):
            scales, decays = _scales_and_decays((group, p) for group in groups for p in group["params"])
        self._handle.step(places, slopes, scales, decays, None if loss is None else float(loss))
        torch.autograd.graph.increment_version(parameters)
        return True

    def step(self, entries: Entries, loss: Any) -> None:
        """One step on parameters that have gradients."""
        places, slopes = [ctypes.addressof(_NOWHERE)] * self.count, [0] * self.count
        copies: list[tuple[Tensor, Tensor | None, Tensor]] = []
        idle: list[tuple[Tensor, Tensor | None]] = []
        # Copies have to live until the step is over.
        alive, changed, plain, climbing = [], [], True, 0
        for index, (group, p) in enumerate(entries):
            gradient = p.grad
            if gradient is None:
                if self._is_guarded and self._moved[index]:
                    after = None if _is_in_place(p) else _copy(p)
                    idle.append((p, after))
                    places[index] = (p if after is None else after).data_ptr() or places[index]
                continue
            self._moved[index] = True
            if group["lr"] != 1 or group["weight_decay"] != 0:
                plain = False
            if group["maximize"]:
                gradient = -gradient
                alive.append(gradient)
                climbing += 1
            if gradient.dtype is not torch.float32 or not gradient.is_contiguous() or not gradient.is_cpu:
                gradient = single(gradient).cpu()
                alive.append(gradient)
            slopes[index] = gradient.data_ptr()
            if _is_in_place(p):
                places[index] = p.data_ptr() or places[index]
                changed.append(p)
            else:
                after = _copy(p)
                copies.append((p, after.clone() if p.dtype == torch.float64 else None, after))
                places[index] = after.data_ptr() or places[index]
        scales = decays = None
        if not plain:
            scales, decays = _scales_and_decays(entries)
        # Parameters that are where their steps are taken need no more than that.
        is_watching = self._is_guarded and bool(idle or copies)
        failures = self.failures if is_watching else 0
        self._handle.step(places, slopes, scales, decays, descending(loss, climbing, len(changed) + len(copies)))
        if is_watching and self.failures > failures:
            changed += [p for p, after in idle if after is None]
            # Of what a step made of a parameter, nothing is to be left.
            copies = [(p, None, after) for p, _, after in copies]
            copies += [(p, None, after) for p, after in idle if after is not None]
        self._places = places if len(changed) == self.count else None
        if changed:
            # Autograd has to know that they were written to.
            torch.autograd.graph.increment_version(changed)
        for p, before, after in copies:
            write_back(p, before, after)

    def export_state(self) -> bytearray:
        """The state as a safetensors file."""
        return self._handle.export_state()

    def import_state(self, data: bytes | bytearray) -> None:
        """Goes on from a state."""
        _guard.import_state(self._handle, data)
        self._places = None
        self._moved = _guard.moved(data, self.count)
