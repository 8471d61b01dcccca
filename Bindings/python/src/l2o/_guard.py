"""The library's guard: which specifications have it, and states that were saved with it or without."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Sequence

from . import _library, _safetensors
from ._library import L2OError, StateError

_OPTION = "guard=on"
_COUNT = "count."


def _parts(specification: str) -> tuple[str, list[str]]:
    """The name and the options of a specification, as the library takes it apart."""
    head, _, options = specification.rpartition(":")
    if not head or "=" not in options or os.path.exists(specification):
        return specification, []
    return head, options.split(",")


def _joined(name: str, options: list[str]) -> str:
    return name + (":" + ",".join(options) if options else "")


def guarded(specification: str) -> str:
    """The specification with the guard, where it is a learned rule's."""
    name, options = _parts(specification)
    try:
        _library.weights(name)
    except L2OError:
        return specification
    return specification if _OPTION in options else _joined(name, [*options, _OPTION])


def unguarded(specification: str) -> str:
    """The specification without the guard."""
    name, options = _parts(specification)
    return _joined(name, [option for option in options if option != _OPTION])


def is_guarded(specification: str) -> bool:
    """Whether it has the guard."""
    return _OPTION in _parts(specification)[1]


def import_state(handle: _library.Handle, data: bytes | bytearray) -> None:
    """Goes on from a state that was exported with the guard or without, whichever the handle has.

    Raises:
        StateError: where it does not fit; the handle is then as it was.
    """
    try:
        handle.import_state(data)
    except StateError:
        other = _with_guard(handle, data) if is_guarded(handle.specification) else without(handle.specification, data)
        if other is None:
            raise
        handle.import_state(other)


def moved(data: bytes | bytearray, count: int) -> list[bool]:
    """Which of so many tensors the guard of a state that was imported may give back."""
    metadata = _split(data)[0]
    return [
        str(metadata.get("optimizer")).startswith("guarded(") and f"{_COUNT}missing.{index}" not in metadata
        for index in range(count)]


def without(specification: str, data: bytes | bytearray) -> bytes | None:
    """The rule's part of a guard's state, where it is one."""
    metadata, tensors = _split(data)
    if not str(metadata.get("optimizer")).startswith("guarded("):
        return None
    part = "rule."
    counts = {
        _COUNT + key.removeprefix(_COUNT + part): value for key, value in metadata.items()
        if key.startswith(_COUNT + part)}
    kept = {key: value for key, value in metadata.items() if not key.startswith(_COUNT)}
    return bytes(
        _safetensors.join(
            {**kept, **counts, "optimizer": _name(unguarded(specification))},
            {key.removeprefix(part): (shape, bytes(values)) for key, (shape, values) in tensors.items()
             if key.startswith(part)}))


def _with_guard(handle: _library.Handle, data: bytes | bytearray) -> bytes | None:
    """A guard's state before its first step, with the rule's in it."""
    metadata, tensors = _split(data)
    if metadata.get("optimizer") != _name(unguarded(handle.specification)):
        return None
    fresh, fresh_tensors = _safetensors.split(_library.Handle(handle.specification, handle.shapes).export_state())
    result = {
        key: value for key, value in fresh.items() if not key.startswith((_COUNT + "rule.", _COUNT + "kept."))}
    result["parameters"] = metadata.get("parameters", "")
    joined = {
        key: (shape, bytes(values)) for key, (shape, values) in fresh_tensors.items() if key.startswith("fallback.")}
    for part in ("rule.", "kept."):
        result |= {
            _COUNT + part + key.removeprefix(_COUNT): value for key, value in metadata.items()
            if key.startswith(_COUNT)}
        joined |= {part + key: (shape, bytes(values)) for key, (shape, values) in tensors.items()}
    return bytes(_safetensors.join(result, joined))


def _split(data: bytes | bytearray) -> tuple[dict[str, str], dict[str, tuple[list[int], memoryview]]]:
    """What is in a state; nothing in one that is damaged."""
    try:
        metadata, tensors = _safetensors.split(data)
        whole = all(values.nbytes == 4 * math.prod(shape) for shape, values in tensors.values())
        return (metadata, tensors) if whole else ({}, {})
    except (struct.error, ValueError, LookupError, TypeError, AttributeError):
        return {}, {}


def _name(specification: str) -> str:
    """What states say that they are of."""
    return _safetensors.split(_library.Handle(specification, []).export_state())[0]["optimizer"]
