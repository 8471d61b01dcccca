"""An optimizer's state for some parameters of PyTorch: in the library, or in torch operations."""

from __future__ import annotations

import ctypes
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import _guard, _library, _rules, _safetensors
from ._library import L2OError

Entries = Sequence[tuple[dict[str, Any], Tensor]]

# What is asked of every tensor at every step: in loops that are not Python's, each takes 50 ns.
_gradient, _dtype = operator.attrgetter("grad"), operator.attrgetter("dtype")
_place, _is_contiguous = Tensor.data_ptr, Tensor.is_contiguous

# What a tensor that sits a step out may point to: nobody looks there.
_NOWHERE = (ctypes.c_float * 4)()


def check_gradient(gradient: Tensor) -> None:
    """
    Raises:
        RuntimeError: for gradients that the rules cannot use.
    """
    if gradient.layout != torch.strided:
        raise RuntimeError(
            f"gradients of layout {gradient.layout} are not supported: the rules move every parameter; "
            "use dense gradients, as torch.nn.Embedding(sparse=False)")


def _single(tensor: Tensor) -> Tensor:
    """The tensor in float32 and in a row, itself where it already is."""
    return tensor.detach().to(torch.float32).contiguous()


def _is_in_place(p: Tensor) -> bool:
    """Whether the kernels can change it where it lies."""
    return p.dtype is torch.float32 and p.is_contiguous()


def _copy(p: Tensor) -> Tensor:
    """A copy that they can change."""
    return p.detach().to(torch.float32, copy=True, memory_format=torch.contiguous_format)


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
            gradient = _single(p.grad).reshape(-1)
            parts.append(Part(index, group, p, -gradient if group["maximize"] else gradient))
    return parts


def descending(loss: Any, climbing: int, count: int) -> float | None:
    """A loss that is to fall; none where some of so many parameters climb it and others do not."""
    if loss is None or 0 < climbing < count:
        return None
    return -float(loss) if climbing else float(loss)


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
                gradient = _single(gradient).cpu()
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
        self._moved = _guard.moved(data, self.count)


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
            values = _single(p).reshape(-1)
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
