"""The last good states of a run on disk: a few files, each written whole or not at all."""

from __future__ import annotations

import math
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gradwise.rules.loss_spike import BACK

SLOTS = 3  # states kept
DISK_SHARE = 0.1  # of what is free on the disk that they may take together
PART = "state.part"


class RingError(Exception):
    """A state could not be kept or read; the words say why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A state on disk.

    Args:
        step: training steps that were done when it was taken.
        file: where it lies.
        size: bytes.
        level: of the losses by then; infinite where it is not known.
    """

    step: int
    file: Path
    size: int
    level: float = math.inf


class Ring:
    """The states of a run, the oldest first; a new one takes the place of the oldest.

    The oldest stays, and the one after it goes, where its loss was a third of all later ones: the run
    may have been on a wrong way since.  While a state is written there is one file more for a moment.

    Args:
        folder: of the states; made when the first one is kept.
        slots: states kept where the disk has room for them.
    """

    def __init__(self, folder: Path, slots: int = SLOTS) -> None:
        self.folder, self.slots = folder, slots
        self.kept: list[Kept] = []
        self.written = 0  # states so far

    @property
    def size(self) -> int:
        """Bytes of all states."""
        return sum(each.size for each in self.kept)

    def put(self, step: int, document: dict[str, Any], estimate: int, level: float = math.inf) -> Kept:
        """Keep a state.

        Args:
            step: training steps done.
            document: tensors, numbers, text, and lists and dicts of them.
            estimate: bytes that it will take.
            level: of the losses.

        Raises:
            RingError: the disk has no room for it, or cannot be written.
        """
        part, file = self.folder / PART, self.folder / f"step-{step}.pt"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            slots = self._slots(estimate)
            with part.open("wb") as stream:
                torch.save(document, stream)
            size = part.stat().st_size
            part.replace(file)
        except (OSError, RuntimeError) as error:  # torch's writer wraps what the file has raised
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise RingError(_reason(error)) from error
        self.kept = [each for each in self.kept if each.file != file]
        self.kept.append(Kept(step, file, size, level))
        self.written += 1
        while len(self.kept) > slots:
            oldest, *later = self.kept
            lowest = slots > 1 and all(oldest.level * BACK < each.level for each in later)
            self.drop(self.kept[int(lowest)])
        return self.kept[-1]

    def read(self, kept: Kept) -> dict[str, Any]:
        """A state that was kept.

        Raises:
            RingError: it cannot be read.
        """
        try:
            document: dict[str, Any] = torch.load(kept.file, map_location="cpu", weights_only=True)
        except Exception as error:  # whatever a broken file makes torch raise
            raise RingError(_reason(error)) from error
        return document

    def drop(self, kept: Kept) -> None:
        """Forget a state."""
        self.kept = [each for each in self.kept if each is not kept]
        with suppress(OSError):
            kept.file.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget all states and remove their folder, where nothing else lies in it."""
        for each in list(self.kept):
            self.drop(each)
        with suppress(OSError):
            (self.folder / PART).unlink(missing_ok=True)
            self.folder.rmdir()

    def _slots(self, size: int) -> int:
        """How many states of that size may lie there."""
        free = shutil.disk_usage(self.folder).free + self.size
        slots = min(self.slots, int(DISK_SHARE * free // max(size, 1)))
        if slots < 1:
            raise RingError(
                f"a state takes {shown_size(size)}, more than {DISK_SHARE:.0%} of the {shown_size(free)} free"
            )
        return slots


def shown_size(size: float) -> str:
    """Bytes as a person says them.

    >>> shown_size(900), shown_size(1_234_567), shown_size(5e9)
    ('0.9 kB', '1.2 MB', '5 GB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{round(size / scale, 1):g} {unit}"
    return f"{round(size / 1e3, 1):g} kB"


def _reason(error: BaseException) -> str:
    cause = error if isinstance(error, OSError) else error.__cause__ or error.__context__ or error
    words = os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else ""
    first = str(error).strip().splitlines()[:1]
    return words or (first[0] if first else type(error).__name__)
