"""Learned optimizers for PyTorch.

    optimizer = l2o.torch.Gateprop(model.parameters())

Each is a ``torch.optim.Optimizer``. On the CPU, float32 parameters are changed where they lie by the library's kernels, all in
one call; on other devices the same rule runs in torch operations.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable
from typing import Any, Union

import torch
from torch import Tensor

from . import _guard, _library
from ._library import L2OError, StateError
from ._torch_guard import GuardedTorchSession
from ._torch_hooks import unheard_at_once
from ._torch_kernels import KernelSession
from ._torch_sessions import TorchSession, check_gradient

__all__ = ["DMoptimizer", "Gateprop", "Optimizer", "RNNprop"]

Params = Union[Iterable[Tensor], Iterable[dict[str, Any]]]
_Session = Union[KernelSession, TorchSession, GuardedTorchSession]
_FORMAT = 1


class Optimizer(torch.optim.Optimizer):
    r"""Any optimizer of this package: learned weights by name or file, or a hand-designed one.

    Args:
        params: parameters, or dicts that define parameter groups.
        specification: as the command takes it: ``"gateprop"``, ``"rnnprop:state=half"``, ``"adam:lr=2^-7"``, a file of
            weights.
        lr: what the rule's steps are multiplied by; schedulers act on it. Learned rules need no other than 1, and a schedule
            only where the run shall end well before its time.
        weight_decay: decoupled: before each step, parameters lose the share ``lr * weight_decay``. As ``lr`` is 1, AdamW's
            usual 0.01 at a learning rate of 0.001 is ``weight_decay=1e-5`` here.
        maximize: climb instead of descend.
        guard: whether a learned rule is watched: steps that do harm are taken back, and Adam steps for a while. It judges by the
            losses that ``step`` is told of, by ``loss`` or a closure, and without them by gradients that overflow or grow a
            hundredfold alone. It costs as much memory again as the rule's state, and 12 bytes a parameter. On other devices than
            the CPU, a step that is told a loss waits for it. Hand-designed optimizers have no guard.
        threads: threads of the kernels; ``None`` is PyTorch's own number. Results do not depend on it.
        force: ``"torch"`` runs the rule in torch operations on the CPU too.

    A parameter without a gradient is left alone, and so is what is remembered of it, unless the guard takes back steps of it.
    Sparse gradients are refused. Parameters of 16 bits are stepped on in float32 and rounded; float64 ones get float32 steps.
    ``state_dict`` has the whole state, the same on every device: training goes on with the same bits in another process.

    Example:
        >>> optimizer = l2o.torch.Optimizer(model.parameters(), "gateprop")
        >>> optimizer.zero_grad()
        >>> loss_fn(model(input), target).backward()
        >>> optimizer.step()
    """

    def __init__(
        self, params: Params, specification: str, *, lr: float = 1.0, weight_decay: float = 0.0,
        maximize: bool = False, guard: bool = True, threads: int | None = None, force: str | None = None,
    ) -> None:
        if force not in (None, "torch"):
            raise L2OError(f'force is {force!r}; give "torch" or None')
        self.specification = os.fspath(specification)
        self._guard, self._threads, self._force = guard, threads, force
        self._sessions: list[_Session] = []
        # Names that cannot be used are told now, not at the first step.
        _library.Handle(self.specification, [])
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay, maximize=maximize))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds parameters. What the rule knows of all parameters together, it learns for later ones by themselves."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        try:
            _check_group(group)
        except L2OError:
            self.param_groups.pop()
            raise

    @unheard_at_once
    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None, *, loss: Any = None) -> Any:  # type: ignore[override]
        """Takes one step.

        Args:
            closure: computes the loss once more, and gradients.
            loss: the loss at these gradients, where it is at hand: what the guard judges by. Where several processes train one
                model, give the mean over all of them, or none: each has to judge alike.
        """
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self._step_all(loss)
        return loss

    @torch.compiler.disable
    def _step_all(self, loss: Any) -> None:
        if len(self._sessions) == 1:
            session = self._sessions[0]
            if isinstance(session, KernelSession) and session.step_at_once(self.param_groups, loss):
                return
        entries = [(group, p) for group in self.param_groups for p in group["params"]]
        for _, p in entries:
            if p.grad is not None:
                check_gradient(p.grad)
        self._extend(entries)
        first = 0
        for index, session in enumerate(self._sessions):
            part = entries[first:first + session.count]
            first += session.count
            if session.on_kernels != self._wants_kernels(part):
                session = self._sessions[index] = self._make_session(part, session.export_state())
            session.step(part, loss)

    @property
    def failures(self) -> int:
        """How often the guard took steps back."""
        return sum(session.failures for session in self._sessions)

    # Sessions: one for the parameters that were there at the first step, one for those that came later.

    def _extend(self, entries: list[tuple[dict[str, Any], Tensor]]) -> None:
        known = sum(session.count for session in self._sessions)
        if known < len(entries):
            self._sessions.append(self._make_session(entries[known:]))

    def _wants_kernels(self, entries: list[tuple[dict[str, Any], Tensor]]) -> bool:
        return self._force is None and all(p.is_cpu for _, p in entries)

    def _make_session(
        self, entries: list[tuple[dict[str, Any], Tensor]], state: Any = None
    ) -> _Session:
        parameters = [p for _, p in entries]
        session: _Session
        own = _guard.guarded(self.specification) if self._guard else self.specification
        if self._wants_kernels(entries):
            threads = torch.get_num_threads() if self._threads is None else self._threads
            session = KernelSession(own, parameters, threads)
        elif _guard.is_guarded(own):
            session = GuardedTorchSession(_guard.unguarded(own), parameters)
        else:
            session = TorchSession(own, parameters)
        if state is not None:
            session.import_state(state)
        return session

    def _restored(self, states: list[Any], counts: list[int]) -> list[_Session]:
        entries = [(group, p) for group in self.param_groups for p in group["params"]]
        if sum(counts) > len(entries) or len(counts) != len(states) or any(count < 0 for count in counts):
            raise StateError(f"the state is one of {sum(counts)} parameters, not {len(entries)}; give this model's")
        sessions, first = [], 0
        for state, count in zip(states, counts):
            sessions.append(self._make_session(entries[first:first + count], state))
            first += count
        return sessions

    # State

    def state_dict(self) -> dict[str, Any]:
        """The state, as torch.save takes it: ``l2o`` holds what the rule remembers, as bytes of safetensors files."""
        result = super().state_dict()
        result["l2o"] = {
            "format": _FORMAT,
            "specification": self.specification,
            "parameters": [session.count for session in self._sessions],
            "states": [torch.frombuffer(session.export_state(), dtype=torch.uint8) for session in self._sessions],
        }
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from a state; where it does not fit, all stays as it was."""
        try:
            own = state_dict["l2o"]
            form, counts = own["format"], [int(count) for count in own["parameters"]]
            states = [_bytes_of(state) for state in own["states"]]
        except (KeyError, TypeError, AttributeError) as error:
            raise StateError(f"the state_dict is none of l2o ({error!r}); give one of the same optimizer") from None
        if form != _FORMAT:
            raise StateError(f"the state_dict has the format {form}, not {_FORMAT}; update the package")
        sessions = self._restored(states, counts)
        super().load_state_dict({**state_dict, "state": {}})
        self._sessions = sessions

    def __getstate__(self) -> dict[str, Any]:
        return {
            **super().__getstate__(), "specification": self.specification, "_guard": self._guard,
            "_threads": self._threads, "_force": self._force,
            "_sessions": [(session.count, bytes(session.export_state())) for session in self._sessions],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        packed = state.pop("_sessions", None)
        super().__setstate__(state)
        if packed is not None:
            self._sessions = self._restored([data for _, data in packed], [count for count, _ in packed])


def _bytes_of(state: Tensor) -> bytes:
    state = state.to("cpu", torch.uint8).contiguous()
    return ctypes.string_at(state.data_ptr(), state.numel())


def _check_group(group: dict[str, Any]) -> None:
    """
    Raises:
        L2OError: where an option or a parameter cannot be used.
    """
    lr, decay = float(group["lr"]), float(group["weight_decay"])
    if not 0 <= lr < float("inf"):
        raise L2OError(f"lr is {lr}; give a finite number of at least 0, usually 1")
    if not 0 <= lr * decay <= 1:
        raise L2OError(f"lr * weight_decay is {lr * decay}, the share that a step takes away; give 0 to 1, as 1e-5")
    for p in group["params"]:
        if not p.is_floating_point() or p.layout != torch.strided:
            raise L2OError(f"a parameter is {p.dtype}, {p.layout}; give dense real ones")


def _check_kind(weights: str, kind: str) -> None:
    from . import _rules

    found = _rules.kind(weights)
    if found != kind:
        raise L2OError(f"{weights}: weights of {found}, not {kind}; use Optimizer(params, {weights!r})")


class Gateprop(Optimizer):
    r"""Gates over normalised momenta: no learning rate to choose, no step budget; 24 bytes of state a parameter.

    Args:
        params: parameters, or dicts that define parameter groups.
        weights: shipped weights by name, or a file of weights.

    For the other arguments see :class:`Optimizer`.
    """

    def __init__(self, params: Params, weights: str = "gateprop", **options: Any) -> None:
        _check_kind(weights, "gateprop")
        super().__init__(params, weights, **options)


class RNNprop(Optimizer):
    r"""Two LSTM layers for each parameter (Lv, Jiang, Li 2017); 328 bytes of state a parameter.

    Args:
        params: parameters, or dicts that define parameter groups.
        weights: ``"rnnprop"``, the better for a hundred steps, ``"rnnprop-paper"``, the better for thousands, or a file.

    For the other arguments see :class:`Optimizer`.
    """

    def __init__(self, params: Params, weights: str = "rnnprop", **options: Any) -> None:
        _check_kind(weights, "rnnprop")
        super().__init__(params, weights, **options)


class DMoptimizer(Optimizer):
    r"""Two LSTM layers that read log-gradients (Andrychowicz et al. 2016); 320 bytes of state a parameter.

    Args:
        params: parameters, or dicts that define parameter groups.
        weights: a file of weights; none are shipped. ``l2o meta-train --optimizer dm`` makes one.

    For the other arguments see :class:`Optimizer`.
    """

    def __init__(self, params: Params, weights: str, **options: Any) -> None:
        _check_kind(weights, "dm")
        super().__init__(params, weights, **options)
