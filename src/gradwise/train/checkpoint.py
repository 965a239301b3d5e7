"""Checkpoints: safetensors and JSON, readable after a kill at any moment.

A directory holds numbered pairs, the two newest of which are kept:

    last-000007.json         everything that is no tensor; names the tensor files with their digests
    last-000007.safetensors  model, optimizer, average, random states
    best-000005.safetensors  weights of the best epoch so far

The JSON gets its name last, so a checkpoint is there in full from one moment to the next.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor

import gradwise
from gradwise.errors import UsageError
from gradwise.train.files import PART, digest, publish
from gradwise.train.packing import pack, unpack
from gradwise.train.state import differences, put_back, state_of
from gradwise.train.training import Training

SCHEMA = 1
KEPT = 2  # checkpoints; the older one stands in when the newer one is damaged


class Checkpoints:
    """The checkpoints in a directory, of one training.

    Args:
        directory: made when the first one is saved.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)
        self._best: dict[str, Any] | None = None  # epoch, file, digest of the best weights on disk

    def __bool__(self) -> bool:
        """Whether there is anything to load."""
        return bool(self._stored())

    def save(self, training: Training) -> None:
        """Add a checkpoint and remove those that are no longer needed.

        Cost: weights, optimizer state and average are copied and hashed; four waits for the disk, six when
        there is a new best epoch.

        Raises:
            OSError: e.g. no space left; what was there before stays.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        number = self._number(self._stored()[0]) + 1 if self else 1
        written = []
        try:
            best = self._best
            if training.best_weights and (best is None or best["epoch"] != training.progress.best_epoch):
                written.append(self.directory / f"best-{number:06d}.safetensors")
                _, stored = _write(written[-1], training.best_weights)
                best = {"epoch": training.progress.best_epoch, **stored}
            written.append(self.directory / f"last-{number:06d}.safetensors")
            state, stored = _write(written[-1], state_of(training))
            head = {"schema": SCHEMA, "gradwise": gradwise.__version__, "best": best, "tensors": stored}
            page = {**head, "state_digest": _digest(state), "state": state}
            publish(self.directory / f"last-{number:06d}.json", json.dumps(page, indent=1).encode())
        except OSError:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        self._best = best
        self._tidy()

    def load(self, training: Training) -> list[str]:
        """Put a training where the newest good checkpoint left it.

        Args:
            training: made with the same settings as the one that was saved.

        Returns:
            A sentence for every damaged file that was passed over.

        Raises:
            UsageError: no checkpoint can be read, it is of a newer gradwise, or of other settings; the
                training is then as it was.
        """
        page, tensors, notes = self._newest_good()
        state = unpack(page["state"], tensors)
        wrong = differences(training, state)
        if wrong:
            raise UsageError(f"{self.directory}: {wrong}; resume with the settings of the first start.")
        put_back(training, state)
        self._best, best = page["best"], {}
        if self._best is not None:
            try:
                best = self._read(self._best)
            except _Damaged as damage:
                notes.append(f"{damage}; the weights of epoch {self._best['epoch']}, the best, are lost.")
                self._best = None
        device = training.device
        training.best_weights = {name: tensor.to(device) for name, tensor in best.items()}
        return notes

    def best(self) -> dict[str, Tensor]:
        """Weights and buffers of the best epoch, by the names of the judged model; on the CPU.

        Raises:
            UsageError: there are none, or they cannot be read.
        """
        page, _, _ = self._newest_good()
        if page["best"] is None:
            raise UsageError(f"{self.directory} holds no best epoch yet.")
        try:
            return self._read(page["best"])
        except _Damaged as damage:
            raise UsageError(f"{damage}.") from damage

    def _newest_good(self) -> tuple[dict[str, Any], dict[str, Tensor], list[str]]:
        notes: list[str] = []
        for path in self._stored():
            try:
                page = _page(path)
                return page, self._read(page["tensors"]), notes
            except _Damaged as damage:
                notes.append(f"{damage}; an older checkpoint is taken.")
        if not notes:
            raise UsageError(f"{self.directory} holds no checkpoint to go on from.")
        first = notes[0].partition(";")[0]
        raise UsageError(f"no checkpoint in {self.directory} can be read: {first}; start the training anew.")

    def _read(self, named: dict[str, Any]) -> dict[str, Tensor]:
        """The tensors of a file that a page names."""
        path = self.directory / Path(str(named["file"])).name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _Damaged(f"{path.name} cannot be read ({error.strerror})") from error
        if digest(content) != named["digest"]:
            raise _Damaged(f"{path.name} is damaged (it is not what was saved)")
        try:
            return safetensors.load(content)
        except (SafetensorError, ValueError, KeyError) as error:
            raise _Damaged(f"{path.name} is damaged ({error})") from error

    def _stored(self) -> list[Path]:
        """Pages, newest first."""
        return sorted(self.directory.glob("last-*.json"), key=self._number, reverse=True)

    @staticmethod
    def _number(path: Path) -> int:
        number = path.stem.rpartition("-")[2]
        return int(number) if number.isdecimal() else 0

    def _tidy(self) -> None:
        """Remove what no kept page names; a page goes before its tensors."""
        pages = self._stored()
        needed = set()
        for path in pages[:KEPT]:
            try:
                page = _page(path)
            except _Damaged:
                continue
            needed |= {path.name, page["tensors"]["file"], (page["best"] or {}).get("file")}
        ours = [*pages, *self.directory.glob("*.safetensors"), *self.directory.glob("*" + PART)]
        for path in ours:
            if path.name not in needed and path.name.startswith(("last-", "best-")):
                path.unlink(missing_ok=True)


class _Damaged(Exception):  # noqa: N818 (never leaves this module)
    """A file that cannot be used; the message says which and why."""


def _write(path: Path, tree: Any) -> tuple[Any, dict[str, str]]:
    """Publish the tensors of a tree; the tree without them, and the page's entry for their file."""
    tensors: dict[str, Tensor] = {}
    packed = pack(tree, tensors)
    return packed, {"file": path.name, "digest": publish(path, safetensors.save(tensors))}


def _digest(state: Any) -> str:
    return digest(json.dumps(state).encode())


def _page(path: Path) -> dict[str, Any]:
    try:
        page = json.loads(path.read_bytes())
        schema = page["schema"]
    except OSError as error:
        raise _Damaged(f"{path.name} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise _Damaged(f"{path.name} is damaged (it is no page of a checkpoint)") from error
    if schema != SCHEMA:
        raise UsageError(
            f"{path} was written by gradwise {page.get('gradwise')} in form {schema}, this one reads form "
            f"{SCHEMA}; resume with that version."
        )
    if _digest(page.get("state")) != page.get("state_digest"):
        raise _Damaged(f"{path.name} is damaged (it is not what was saved)")
    return dict(page)
