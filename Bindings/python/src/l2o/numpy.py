"""Learned optimizers in place on NumPy's arrays.

    optimizer = l2o.numpy.Optimizer("gateprop", [weights, biases])
    optimizer.step([weight_gradient, bias_gradient])      # weights and biases have moved
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _guard, _library
from ._library import L2OError

__all__ = ["Optimizer"]


class Optimizer:
    r"""Any optimizer of this package, on float32 arrays that it changes in place.

    Args:
        specification: as the command takes it: ``"gateprop"``, ``"adam:lr=2^-7"``, a file of weights.
        parameters: float32 arrays, C-contiguous and writable; they are kept, not copied.
        guard: whether a learned rule is watched: steps that do harm are taken back, and Adam steps for a while. It judges by the
            losses that steps are told of, and without them by gradients that overflow or grow a hundredfold alone.
        threads: how many to use; 0 is one for each core. Results do not depend on it.

    Example:
        >>> x = np.zeros(2, np.float32)
        >>> optimizer = Optimizer("gateprop", [x])
        >>> for _ in range(200):
        ...     optimizer.step([2 * (x - np.float32([1, -2]))])
    """

    def __init__(
        self, specification: str, parameters: Sequence[np.ndarray[Any, Any]], *, guard: bool = True, threads: int = 0
    ) -> None:
        self.specification = os.fspath(specification)
        self.parameters = list(parameters)
        for index, array in enumerate(self.parameters):
            if not isinstance(array, np.ndarray) or array.dtype != np.float32 or not array.flags.c_contiguous:
                raise L2OError(f"parameter {index} is no C-contiguous float32 array; make one by np.ascontiguousarray")
            if not array.flags.writeable:
                raise L2OError(f"parameter {index} cannot be written to; give a copy")
        own = _guard.guarded(self.specification) if guard else self.specification
        self._handle = _library.Handle(own, [array.shape for array in self.parameters])
        self._handle.set_threads(threads)

    def step(
        self, gradients: Sequence[np.ndarray[Any, Any] | None], *, scale: float = 1.0, weight_decay: float = 0.0,
        loss: float | None = None,
    ) -> None:
        """Takes one step.

        Args:
            gradients: one for each parameter, of its shape; ``None`` leaves the parameter as it is, unless the guard takes
                back steps that it took.
            scale: what the rule's step is multiplied by.
            weight_decay: parameters lose the share ``scale * weight_decay`` before the step.
            loss: the loss at these gradients, where it is at hand: what the guard judges by.
        """
        if len(gradients) != len(self.parameters):
            raise L2OError(f"{len(self.parameters)} gradients are needed, not {len(gradients)}")
        alive = []
        for index, (gradient, array) in enumerate(zip(gradients, self.parameters)):
            if gradient is not None:
                gradient = np.ascontiguousarray(gradient, np.float32)
                if gradient.shape != array.shape and (gradient.size, array.shape) != (1, ()):
                    raise L2OError(f"gradient {index} has the shape {gradient.shape}, not {array.shape}")
            alive.append(gradient)
        scales = decays = None
        if scale != 1 or weight_decay != 0:
            scales = [scale] * len(alive)
            decays = [scale * weight_decay] * len(alive)
        self._handle.step(
            [array.ctypes.data for array in self.parameters],
            [0 if gradient is None else gradient.ctypes.data for gradient in alive], scales, decays, loss)

    @property
    def steps(self) -> int:
        """Steps taken."""
        return self._handle.steps

    @property
    def failures(self) -> int:
        """How often the guard took steps back."""
        return self._handle.failures

    def state(self) -> bytes:
        """What the optimizer remembers, as the bytes of a safetensors file."""
        return bytes(self._handle.export_state())

    def load_state(self, state: bytes) -> None:
        """Goes on from a state of the same optimizer for the same shapes, with the same bits; of one with another ``guard``,
        from the rule's part of it."""
        _guard.import_state(self._handle, state)
