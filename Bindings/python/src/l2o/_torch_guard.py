"""The guard of a rule in torch operations: the library judges, and what it says is done here."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from . import _guard, _library, _rules, _safetensors
from ._torch_sessions import Entries, Part, TorchSession, active_parts, descending, write_back

_COUNT = "count."


def _adam(specification: str, array: Any) -> _rules.Rule:
    return _rules.Adam({}, {})


class _Judge:
    """The library's guard, of a rule whose steps nobody takes: it is told losses and the sizes of gradients."""

    def __init__(self, specification: str) -> None:
        self.handle = _library.Handle(_guard.guarded(specification), [()])
        self.counts = self._read()
        self._parameter, self._gradient = (ctypes.c_float * 1)(), (ctypes.c_float * 1)()

    def _read(self) -> dict[str, int]:
        metadata = _safetensors.split(self.handle.export_state())[0]
        names = (key.removeprefix(_COUNT) for key in metadata if key.startswith(_COUNT))
        return {
            name: int(metadata[_COUNT + name]) for name in names
            if not name.startswith(("rule.", "kept.", "fallback.", "missing."))}

    def looks_at_gradients(self) -> bool:
        return self.counts["step"] % 8 == 0 or self.counts["wait"] > 0

    def judge(self, gradient: float, loss: float | None) -> tuple[dict[str, int], dict[str, int]]:
        """What it counts before a call and after it."""
        self._gradient[0] = gradient
        self.handle.step(
            [ctypes.addressof(self._parameter)], [ctypes.addressof(self._gradient)], None, None, loss)
        before, self.counts = self.counts, self._read()
        return before, self.counts

    def restore(self, counts: dict[str, int]) -> None:
        metadata, tensors = _safetensors.split(self.handle.export_state())
        metadata |= {_COUNT + name: str(value) for name, value in counts.items()}
        parts = {name: (shape, bytes(values)) for name, (shape, values) in tensors.items()}
        parts["parameters"] = ([1], bytes(4))
        self.handle.import_state(_safetensors.join(metadata, parts))
        self.counts = self._read()


class GuardedTorchSession:
    """A rule in torch operations and Adam, of which the guard chooses; see ``GuardedOptimizer`` of the Swift library."""

    on_kernels = False

    def __init__(self, specification: str, parameters: Sequence[Tensor]) -> None:
        self._specification = specification
        self._shapes = [tuple(p.shape) for p in parameters]
        self.count = len(parameters)
        self._rule = TorchSession(specification, parameters)
        self._fallback = TorchSession("adam", parameters, _adam)
        self._judge = _Judge(specification)
        self._kept_memory = self._rule.memory()
        # Of those that moved since then, what they were.
        self._kept: dict[int, Tensor] = {}

    @property
    def failures(self) -> int:
        """How often the guard took steps back."""
        return self._judge.counts["failures"]

    def step(self, entries: Entries, loss: Any) -> None:
        """One step on parameters that have gradients."""
        active = active_parts(entries)
        if not active:
            return
        size = 0.0
        if self._judge.looks_at_gradients():
            size = max(
                (float(part.gradient.abs().max()) for part in active), key=lambda x: math.inf if math.isnan(x) else x)
        climbing = sum(bool(part.group["maximize"]) for part in active)
        before, after = self._judge.judge(size, descending(loss, climbing, len(active)))
        if after["failures"] > before["failures"]:
            self._take_back(entries)
        elif before["wait"] == 0:
            # A window that ended well leaves an empty one.
            if before["step"] == 0 or after["watch.current.steps"] == 0:
                self._keep()
            self._note(active)
            self._rule.advance(active)
        elif after["wait"] < before["wait"]:
            self._fallback.advance(active)
            if after["wait"] == 0:
                self._keep()
                self._note(active)

    def _keep(self) -> None:
        self._kept_memory = self._rule.memory()
        self._kept = {}

    def _note(self, active: list[Part]) -> None:
        for part in active:
            if part.index not in self._kept:
                self._kept[part.index] = part.parameter.detach().clone()

    def _take_back(self, entries: Entries) -> None:
        self._rule.restore(self._kept_memory)
        for index, values in self._kept.items():
            write_back(entries[index][1], None, values)

    # The library's form.

    def export_state(self) -> bytearray:
        """The state as a safetensors file."""
        guarded = _guard.guarded(self._specification)
        metadata, fresh = _safetensors.split(_library.Handle(guarded, self._shapes).export_state())
        metadata = {key: value for key, value in metadata.items() if not key.startswith(_COUNT)}
        metadata |= {_COUNT + name: str(value) for name, value in self._judge.counts.items()}
        tensors: dict[str, tuple[list[int], bytes]] = {}
        now = self._rule.memory()

        def add(prefix: str, session: TorchSession) -> None:
            counts, values = _safetensors.split(session.export_state())
            for key, text in counts.items():
                if key.startswith(_COUNT):
                    metadata[_COUNT + prefix + key.removeprefix(_COUNT)] = text
            for name, (shape, data) in values.items():
                tensors[prefix + name] = (shape, bytes(data))

        add("rule.", self._rule)
        self._rule.restore(self._kept_memory)
        add("kept.", self._rule)
        self._rule.restore(now)
        add("fallback.", self._fallback)
        if self._judge.counts["step"] > 0:
            parts = []
            for index, shape in enumerate(self._shapes):
                kept = self._kept.get(index)
                if kept is None and math.prod(shape) > 0:
                    metadata[f"{_COUNT}missing.{index}"] = "1"
                parts.append(
                    torch.zeros(math.prod(shape)) if kept is None else kept.detach().to("cpu", torch.float32).reshape(-1))
            flat = torch.cat(parts).contiguous()
            tensors["parameters"] = ([flat.numel()], ctypes.string_at(flat.data_ptr(), 4 * flat.numel()))
        return _safetensors.join(metadata, tensors)

    def import_state(self, data: bytes | bytearray) -> None:
        """Goes on from a state, with a guard or without."""
        # The library checks all of it, and gives one that has a guard.
        handle = _library.Handle(_guard.guarded(self._specification), self._shapes)
        _guard.import_state(handle, data)
        data = handle.export_state()
        metadata, tensors = _safetensors.split(data)

        def part(prefix: str, specification: str) -> bytearray:
            own = _safetensors.split(_library.Handle(specification, self._shapes).export_state())[0]
            counts = {key: value for key, value in own.items() if not key.startswith(_COUNT)}
            counts |= {
                _COUNT + key.removeprefix(_COUNT + prefix): value for key, value in metadata.items()
                if key.startswith(_COUNT + prefix)}
            return _safetensors.join(
                counts, {
                    name.removeprefix(prefix): (shape, bytes(values)) for name, (shape, values) in tensors.items()
                    if name.startswith(prefix)})

        self._rule.import_state(part("kept.", self._specification))
        self._kept_memory = self._rule.memory()
        self._rule.import_state(part("rule.", self._specification))
        self._fallback.import_state(part("fallback.", "adam"))
        self._kept = {}
        if "parameters" in tensors:
            values = torch.frombuffer(bytearray(tensors["parameters"][1]), dtype=torch.float32) if (
                tensors["parameters"][1].nbytes) else torch.zeros(0)
            place = 0
            for index, shape in enumerate(self._shapes):
                size = math.prod(shape)
                if size > 0 and f"{_COUNT}missing.{index}" not in metadata:
                    self._kept[index] = values[place:place + size].reshape(shape)
                place += size
        self._judge.restore({
            key.removeprefix(_COUNT): int(value) for key, value in metadata.items()
            if key.startswith(_COUNT) and key.removeprefix(_COUNT) in self._judge.counts})
