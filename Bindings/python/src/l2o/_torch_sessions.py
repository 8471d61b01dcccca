"""An optimizer's state for some parameters of PyTorch beside them, and what every session of theirs needs."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import _guard, _library, _rules, _safetensors

Entries = Sequence[tuple[dict[str, Any], Tensor]]


def check_gradient(gradient: Tensor) -> None:
    """
    Raises:
        RuntimeError: for gradients that the rules cannot use.
    """
    if gradient.layout != torch.strided:
        raise RuntimeError(
            f"gradients of layout {gradient.layout} are not supported: the rules move every parameter; "
            "use dense gradients, as torch.nn.Embedding(sparse=False)")


def single(tensor: Tensor) -> Tensor:
    """The tensor in float32 and in a row, itself where it already is."""
    return tensor.detach().to(torch.float32).contiguous()


def write_back(p: Tensor, before: Tensor | None, after: Tensor) -> None:
    """Gives a parameter its value after a step on a copy."""
    if p.dtype == torch.float64 and before is not None:
        # The step's digits are added to the parameter's own.
        p.add_((after - before).to(p.dtype).view(p.shape))
    else:
        p.copy_(after.view(p.shape))


class Part(NamedTuple):
    """A parameter that takes part in a step, by its number, and its gradient: float32, in a row, to go down."""

    index: int
    group: dict[str, Any]
    parameter: Tensor
    gradient: Tensor


def active_parts(entries: Entries) -> list[Part]:
    """Those of a step."""
    parts = []
    for index, (group, p) in enumerate(entries):
        if p.grad is not None and p.numel() > 0:
            gradient = single(p.grad).reshape(-1)
            parts.append(Part(index, group, p, -gradient if group["maximize"] else gradient))
    return parts


def descending(loss: Any, climbing: int, count: int) -> float | None:
    """A loss that is to fall; none where some of so many parameters climb it and others do not."""
    if loss is None or 0 < climbing < count:
        return None
    return -float(loss) if climbing else float(loss)


class TorchSession:
    """State in tensors beside the parameters, and the rule in torch operations; no guard."""

    on_kernels = False
    failures = 0

    def __init__(
        self, specification: str, parameters: Sequence[Tensor], load: Callable[..., _rules.Rule] = _rules.load
    ) -> None:
        self._specification = specification
        self._shapes = [tuple(p.shape) for p in parameters]
        self._devices = [p.device for p in parameters]
        self.count = len(parameters)
        # Every device has weights of its own.
        self._rules: dict[torch.device, _rules.Rule] = {}
        for device in dict.fromkeys([*self._devices, torch.device("cpu")]):
            self._rules[device] = load(
                specification,
                lambda shape, values: torch.frombuffer(bytearray(values), dtype=torch.float32).reshape(shape)
                .to(device))  # noqa: B023
        self._rule = next(iter(self._rules.values()))
        self.steps = 0
        self._steps = [0] * self.count
        self._memories: list[dict[str, Tensor]] = [
            {
                name: torch.zeros(rows, math.prod(shape), device=device) for name, rows in self._rule.rows.items()
            } | {name: torch.zeros(size, device=device) for name, size in self._rule.of_tensor.items()}
            for shape, device in zip(self._shapes, self._devices)
        ]
        home = self._devices[0] if self._devices else torch.device("cpu")
        self._shared = {name: torch.zeros(1, device=home) for name in self._rule.of_all}

    def step(self, entries: Entries, loss: Any) -> None:
        """One step on parameters that have gradients."""
        active = active_parts(entries)
        if active:
            self.advance(active)

    def advance(self, active: list[Part]) -> None:
        """One step on some parameters."""
        self.steps += 1
        home = next(iter(self._shared.values())).device if self._shared else None
        if self._shared:
            self._shared = self._rule.shared(
                torch, [part.gradient.to(home) for part in active], self._shared, self.steps == 1)
        for index, group, p, gradient in active:
            self._steps[index] += 1
            values = single(p).reshape(-1)
            lr = float(group["lr"])
            kept = values * (1 - lr * float(group["weight_decay"])) if group["weight_decay"] else values
            shared = {name: value.to(p.device) for name, value in self._shared.items()}
            change, self._memories[index] = self._rules[p.device].change(
                torch, math, self._steps[index], self._shapes[index], kept, gradient, self._memories[index], shared)
            write_back(p, values, kept + (change if lr == 1 else lr * change))

    def memory(self) -> tuple[Any, ...]:
        """All that changes; a later step leaves what is in it alone."""
        return self.steps, list(self._steps), list(self._memories), dict(self._shared)

    def restore(self, memory: tuple[Any, ...]) -> None:
        """Goes back to a memory."""
        self.steps, steps, memories, shared = memory
        self._steps, self._memories, self._shared = list(steps), list(memories), dict(shared)

    # A state has the same form as the library's, whose checks it goes through.

    def export_state(self) -> bytearray:
        """The state as a safetensors file."""
        metadata = _safetensors.split(_library.Handle(self._specification, self._shapes).export_state())[0]
        metadata = {key: value for key, value in metadata.items() if not key.startswith("count.")}
        dense = [index for index, shape in enumerate(self._shapes) if math.prod(shape) > 0]
        counts = {"step": self.steps}
        if any(self._steps[index] != self.steps for index in dense):
            if self._shared:
                counts |= {f"step.{part}": self._steps[index] for part, index in enumerate(dense)
                           if self._steps[index] != self.steps}
            else:
                counts = {"steps": self.steps} | {f"step.{index}": self._steps[index] for index in dense}
        metadata |= {f"count.{name}": str(value) for name, value in counts.items()}
        tensors: dict[str, tuple[list[int], bytes]] = {}

        def add(name: str, parts: list[Tensor], shape: list[int], dim: int) -> None:
            joined = torch.cat([part.cpu() for part in parts], dim) if parts else torch.zeros(shape)
            joined = joined.reshape(shape).contiguous()
            tensors[name] = (shape, ctypes.string_at(joined.data_ptr(), 4 * joined.numel()))

        total = sum(math.prod(shape) for shape in self._shapes)
        for name, rows in self._rule.rows.items():
            if total > 0 or self._shared:
                add(
                    name, [self._memories[index][name] for index in dense],
                    [total] if self._rule.is_flat else [rows, total], 1)
        for name, size in self._rule.of_tensor.items():
            add(name, [self._memories[index][name] for index in dense], [len(dense), size], 0)
        for name, value in self._shared.items():
            add(name, [value], [1], 0)
        return _safetensors.join(metadata, tensors)

    def import_state(self, data: bytes | bytearray) -> None:
        """Goes on from a state; of a guard's, from the rule's part."""
        data = _guard.without(self._specification, data) or data
        _library.Handle(self._specification, self._shapes).import_state(data)
        metadata, tensors = _safetensors.split(data)
        read = {
            name: torch.frombuffer(bytearray(values), dtype=torch.float32).reshape(shape) if values.nbytes else
            torch.zeros(shape) for name, (shape, values) in tensors.items()}
        steps = int(metadata.get("count.step", metadata.get("count.steps", "0")))
        dense = [index for index, shape in enumerate(self._shapes) if math.prod(shape) > 0]
        place = 0
        self.steps = steps
        for part, index in enumerate(dense):
            number = part if self._shared else index
            self._steps[index] = int(metadata.get(f"count.step.{number}", steps))
            size, device = math.prod(self._shapes[index]), self._devices[index]
            memory = {
                name: read[name].reshape(rows, -1)[:, place:place + size].to(device)
                for name, rows in self._rule.rows.items()}
            memory |= {name: read[name][part].to(device) for name in self._rule.of_tensor}
            self._memories[index] = memory
            place += size
        for name, value in self._shared.items():
            self._shared[name] = read[name].to(value.device)
