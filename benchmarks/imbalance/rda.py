"""The little of R's data files that this benchmark needs: data frames of numbers and factors.

The form is that of "R Internals", section 1.8, Serialization Formats: version 2, XDR (big-endian).
"""

from __future__ import annotations

import lzma
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"RDX2\nX\n"
NOTHING, REFERENCE = 0xFE, 0xFF
SYMBOL, PAIRS, CHARACTERS, LOGICALS, INTEGERS, REALS, STRINGS, VECTOR = 1, 2, 9, 10, 13, 14, 16, 19
HAS_ATTRIBUTES, HAS_TAG = 1 << 9, 1 << 10


@dataclass
class Value:
    """An R object with its attributes."""

    held: Any
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Reader:
    content: bytes
    at: int = len(MAGIC) + 12  # past the magic and three versions
    symbols: list[str] = field(default_factory=list)

    def whole(self) -> int:
        self.at += 4
        return int(struct.unpack_from(">i", self.content, self.at - 4)[0])

    def array(self, kind: str) -> NDArray[Any]:
        count, width = self.whole(), np.dtype(kind).itemsize
        self.at += count * width
        return np.frombuffer(self.content, kind, count, self.at - count * width)

    def item(self) -> Any:
        flags = self.whole()
        kind = flags & 0xFF
        if kind == NOTHING:
            return None
        if kind == REFERENCE:
            return self.symbols[(flags >> 8 or self.whole()) - 1]
        if kind == SYMBOL:
            self.symbols.append(self.item())
            return self.symbols[-1]
        if kind == CHARACTERS:
            length = max(self.whole(), 0)
            self.at += length
            return self.content[self.at - length : self.at].decode("latin-1")
        if kind == PAIRS:
            return self._pairs(flags)
        if kind in (LOGICALS, INTEGERS, REALS):
            value = Value(self.array(">f8" if kind == REALS else ">i4"))
        elif kind in (STRINGS, VECTOR):
            value = Value([self.item() for _ in range(self.whole())])
        else:
            raise ValueError(f"an R object of type {kind} at byte {self.at} is none that is read here.")
        if flags & HAS_ATTRIBUTES:
            value.attributes = self.item()
        return value

    def _pairs(self, flags: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while flags & 0xFF == PAIRS:
            if flags & HAS_ATTRIBUTES:
                self.item()
            name = self.item() if flags & HAS_TAG else str(len(found))
            found[name] = self.item()
            flags = self.whole()
        return found


def read_frame(file: Path) -> dict[str, NDArray[Any]]:
    """Columns of the data frame in an .rda file by name; factors as arrays of their words."""
    content = lzma.decompress(file.read_bytes())
    if not content.startswith(MAGIC):
        raise ValueError(f"{file.name} is no R data file of version 2.")
    (frame,) = _Reader(content).item().values()
    return {
        name: _column(column) for name, column in zip(frame.attributes["names"].held, frame.held, strict=True)
    }


def _column(column: Value) -> NDArray[Any]:
    if "levels" in column.attributes:
        return np.array(column.attributes["levels"].held)[column.held - 1]
    return column.held.astype(np.float64)
