"""The library's files as bytes: a header in JSON, then float32 tensors."""

from __future__ import annotations

import json
import struct


def split(data: bytes | bytearray) -> tuple[dict[str, str], dict[str, tuple[list[int], memoryview]]]:
    """What a file says about itself, and for each tensor its shape and bytes."""
    view = memoryview(data)
    (length,) = struct.unpack_from("<Q", view)
    header = json.loads(bytes(view[8:8 + length]))
    metadata = header.pop("__metadata__", {})
    body = view[8 + length:]
    return metadata, {
        name: (entry["shape"], body[slice(*entry["data_offsets"])])
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    }


def join(metadata: dict[str, str], tensors: dict[str, tuple[list[int], bytes]]) -> bytearray:
    """The bytes of a file; tensors are float32."""
    header: dict[str, object] = {"__metadata__": metadata}
    place = 0
    for name, (shape, values) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [place, place + len(values)]}
        place += len(values)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    result = bytearray(struct.pack("<Q", len(text)) + text)
    for _, values in tensors.values():
        result += values
    return result
