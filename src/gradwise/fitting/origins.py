"""Where a net's first weights come from, or its teacher: a file, or the directory of an earlier fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from gradwise.data.examples import Task
from gradwise.errors import TraceError, UsageError
from gradwise.fitting.ensemble import members_in
from gradwise.fitting.network import WEIGHTS
from gradwise.fitting.record import FILE_NAME, Record
from gradwise.init.weight_files import read_weights
from gradwise.nets import input_kind

PIXELS = "pixels."  # entries of a net's entrance, which hold mean and deviation of images and no weights


@dataclass(frozen=True, slots=True)
class Origin:
    """A file of weights, and the fit that it belongs to.

    Args:
        flag: the option that named it, for messages.
        place: as it was named, absolute.
        file: of the weights.
        record: of the fit; None: a bare file.
    """

    flag: str
    place: Path
    file: Path
    record: Record | None = None

    @classmethod
    def find(cls, place: str | Path, flag: str, *, run: bool = False) -> Origin:
        """What a path means.

        Args:
            place: of a file or a run directory.
            flag: the option that names it.
            run: only a run will do.

        Raises:
            UsageError: there is nothing, or no weights in it.
        """
        path = Path(place)
        wanted = "the directory of a fit" if run else "a .safetensors or .pth file, or the directory of a fit"
        if path.is_file() and not run:
            return cls(flag, path, path)
        if not path.is_dir():
            what = "is a file" if path.is_file() else "does not exist"
            raise UsageError(f"{flag} {place} {what}; give {wanted}.")
        if not (path / FILE_NAME).is_file():
            raise UsageError(
                f"{flag} {place} is no directory of a fit (it has no {FILE_NAME}); give {wanted}."
            )
        try:
            record = Record.read(path)
        except TraceError as error:
            raise UsageError(f"{flag}: {error}") from error
        if not (path / WEIGHTS).is_file():
            raise UsageError(
                f"{flag} {place} holds no finished network ({record.status}); go on with "
                f"`gradwise fit --resume {place}`, or name another."
            )
        return cls(flag, path, path / WEIGHTS, record)

    @property
    def name(self) -> str:
        """Its last part, for the user."""
        return self.place.name

    @property
    def kind(self) -> str:
        """Of the inputs of a run: ``table``, ``images`` ..."""
        return input_kind(self._shape)

    @property
    def net(self) -> str:
        """Name of a run's net."""
        assert self.record is not None
        return str(self.record.recipe["net"])

    @property
    def options(self) -> dict[str, Any]:
        """What a run's net was told."""
        assert self.record is not None
        return dict(self.record.recipe["options"])

    @property
    def task(self) -> Task:
        """What a run predicts."""
        assert self.record is not None
        facts: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in self.record.task.items()
        }
        return Task(**facts)

    @property
    def _shape(self) -> Mapping[str, Any]:
        assert self.record is not None
        return self.record.shape

    def weights(self) -> dict[str, Tensor]:
        """Weights by name, on the CPU.

        Raises:
            UsageError: not a file of weights, or an average of several nets.
        """
        state = read_weights(self.file)
        if self.record is not None and (count := members_in(state)):
            raise UsageError(
                f"{self.flag} {self.place} holds the average of {count} nets; give a fit of a single one."
            )
        return state

    def digest(self) -> str:
        """SHA-256 of the weights' file.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            with self.file.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise UsageError(f"{self.flag}: {self.file} cannot be read ({error.strerror}).") from error

    def check(self, digest: str) -> None:
        """Refuse weights that are not those of the first start; "" stands for a first start.

        Raises:
            UsageError: they have changed.
        """
        if digest and self.digest() != digest:
            raise UsageError(
                f"{self.flag}: {self.file} has changed since the fit began; put the old one back, or start a "
                "new fit."
            )
