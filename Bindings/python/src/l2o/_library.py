"""The C library by ctypes: handles, and errors as exceptions."""

from __future__ import annotations

import array
import ctypes
import os
import pathlib
from collections.abc import Sequence
from typing import Any

_API_VERSION = 1
_BUFFER_TOO_SMALL = 4


class L2OError(ValueError):
    """Something that was asked for and cannot be: what is wrong, where, and what to do about it."""


class StateError(L2OError):
    """A state that is damaged, or that of another optimizer or of other parameters."""


_EXCEPTIONS: dict[int, type[Exception]] = {3: StateError, 5: MemoryError}


class _StepOptions(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t), ("step_scales", ctypes.c_void_p), ("decays", ctypes.c_void_p),
        ("loss", ctypes.c_void_p),
    ]


def _load() -> ctypes.CDLL:
    path = os.environ.get("L2O_LIBRARY") or str(pathlib.Path(__file__).with_name("libl2o.so"))
    library = ctypes.CDLL(path)
    handle, size, pointer = ctypes.c_uint64, ctypes.c_int64, ctypes.c_void_p
    signatures: dict[str, list[object]] = {
        "l2o_api_version": [pointer], "l2o_names": [pointer, size, pointer], "l2o_kernels": [pointer, size, pointer],
        "l2o_weights": [ctypes.c_char_p, pointer, size, pointer],
        "l2o_create": [ctypes.c_char_p, size, pointer, pointer, pointer, pointer],
        "l2o_destroy": [handle], "l2o_copy": [handle, pointer], "l2o_set_threads": [handle, ctypes.c_int32],
        "l2o_step": [handle, pointer, pointer, pointer], "l2o_steps_taken": [handle, pointer],
        "l2o_failures": [handle, pointer],
        "l2o_state_bytes": [handle, pointer], "l2o_export": [handle, pointer, size, pointer],
        "l2o_import": [handle, pointer, size],
    }
    for name, types in signatures.items():
        function = getattr(library, name)
        function.argtypes, function.restype = types, ctypes.c_int32
    library.l2o_error_message.argtypes, library.l2o_error_message.restype = [], ctypes.c_char_p
    version = ctypes.c_int32()
    if library.l2o_api_version(ctypes.byref(version)) != 0 or version.value < _API_VERSION:
        raise ImportError(f"{path} is of an older interface; install the package again")
    return library


_library = _load()


def _check(code: int) -> None:
    if code != 0:
        message = (_library.l2o_error_message() or b"").decode(errors="replace")
        raise _EXCEPTIONS.get(code, L2OError)(message)


def _bytes(function: object, *arguments: object) -> bytearray:
    """What a function writes to a buffer, whose size it tells."""
    size = ctypes.c_int64()
    code = function(*arguments, None, 0, ctypes.byref(size))  # type: ignore[operator]
    if code != _BUFFER_TOO_SMALL:
        _check(code)
    data = bytearray(size.value)
    if data:
        place = (ctypes.c_char * len(data)).from_buffer(data)
        _check(function(*arguments, place, len(data), ctypes.byref(size)))  # type: ignore[operator]
    return data


def names() -> list[str]:
    """The optimizers that need no file: hand-designed ones, and shipped weights."""
    return bytes(_bytes(_library.l2o_names)).rstrip(b"\0").decode().split("\n")


def kernels() -> str:
    """The instruction set that steps use: ``baseline``, ``avx2`` or ``avx512``."""
    return bytes(_bytes(_library.l2o_kernels)).rstrip(b"\0").decode()


def weights(name_or_path: str) -> bytes:
    """Learned weights as a safetensors file."""
    return bytes(_bytes(_library.l2o_weights, os.fsencode(name_or_path)))


class Handle:
    """An optimizer with its state, for tensors of given shapes."""

    def __init__(self, specification: str, shapes: Sequence[Sequence[int]]) -> None:
        self._handle = ctypes.c_uint64(0)
        self.specification = specification
        self.shapes = [tuple(shape) for shape in shapes]
        ranks = array.array("i", [len(shape) for shape in self.shapes])
        dimensions = array.array("q", [size for shape in self.shapes for size in shape])
        _check(
            _library.l2o_create(
                os.fsencode(specification), len(ranks), ranks.buffer_info()[0] or 1, dimensions.buffer_info()[0] or 1,
                None, ctypes.byref(self._handle)))

    def __del__(self) -> None:
        # At the interpreter's end the module may be gone already.
        if _library is not None and getattr(self, "_handle", None):
            _library.l2o_destroy(self._handle)
            self._handle = ctypes.c_uint64(0)

    def step(
        self, parameters: Sequence[int], gradients: Sequence[int], step_scales: Sequence[float] | None = None,
        decays: Sequence[float] | None = None, loss: float | None = None,
    ) -> None:
        """One step in place on tensors at these addresses; a gradient at 0 lets its tensor sit out."""
        places, slopes = array.array("Q", parameters), array.array("Q", gradients)
        if not len(places) == len(slopes) == len(self.shapes):
            raise L2OError(f"{len(self.shapes)} tensors are needed, not {len(places)} and {len(slopes)}")
        options = None
        if step_scales is not None or decays is not None or loss is not None:
            scales = None if step_scales is None else array.array("f", step_scales)
            shares = None if decays is None else array.array("f", decays)
            value = None if loss is None else ctypes.c_float(loss)
            options = ctypes.byref(
                _StepOptions(
                    ctypes.sizeof(_StepOptions), scales and scales.buffer_info()[0], shares and shares.buffer_info()[0],
                    None if value is None else ctypes.addressof(value)))
        _check(_library.l2o_step(self._handle, places.buffer_info()[0] or 1, slopes.buffer_info()[0] or 1, options))

    def set_threads(self, count: int) -> None:
        """How many threads steps use; 0 is one for each core."""
        _check(_library.l2o_set_threads(self._handle, count))

    def _number(self, function: Any) -> int:
        value = ctypes.c_int64()
        _check(function(self._handle, ctypes.byref(value)))
        return value.value

    @property
    def steps(self) -> int:
        """Steps taken."""
        return self._number(_library.l2o_steps_taken)

    @property
    def failures(self) -> int:
        """How often a guard took steps back."""
        return self._number(_library.l2o_failures)

    @property
    def state_bytes(self) -> int:
        """Bytes that the state takes."""
        return self._number(_library.l2o_state_bytes)

    def export_state(self) -> bytearray:
        """The state, as the bytes of a safetensors file."""
        return _bytes(_library.l2o_export, self._handle)

    def import_state(self, data: bytes | bytearray | memoryview) -> None:
        """Goes on from a state that was exported; all of it is checked."""
        view = memoryview(data).cast("B")
        place: object = bytes(view) if view.readonly else (ctypes.c_char * len(view)).from_buffer(view)
        _check(_library.l2o_import(self._handle, place, len(view)))
