"""``run.json``: what a fit was told, what it chose, how it went; enough to resume, predict or run again."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gradwise.errors import TraceError, UsageError

FILE_NAME = "run.json"
SCHEMA = 1  # raised when an older gradwise could not read the file


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("gradwise", "torch", "numpy", "polars", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return {**found, "instructions": _instructions()}


def _instructions() -> str:
    """What torch computes with on this processor, e.g. ``AVX512``: others round otherwise."""
    try:
        import torch
    except ImportError:
        return ""
    return str(torch.backends.cpu.get_cpu_capability())


@dataclass(slots=True)
class Record:
    """One fit.

    Args:
        data: where the data came from: ``paths``, ``options`` of `open_source`, ``fingerprint``, ``rows``.
        config: the settings as given, see `FitConfig.given`.
        recipe: the settings as resolved, see `Recipe`.
        encoder: the fitted preprocessing, see `Encoder.state`.
        shape: keyword arguments that tell a net its input.
        task: see `Task`.
        split: rows in ``train``, ``valid`` and ``test``.
        choices: every choice made for the user: name, value, reason.
        history: one entry per finished epoch.
        verdict: how it ended; empty while it runs.
        status: ``running``, ``finished``, ``interrupted`` or ``failed``.
        versions: of Python and the packages that matter.
        members: of a fit with several seeds, one entry per net: seed, epochs, scores.
        imbalance: what was done about rare classes: ``threshold`` (see `Decision`); training ``rows`` of
            every class, and the shares ``learnt`` where these are others.
        seconds: that each part took: ``read``, ``split``, ``encode``, ``choose``, ``train``, ``judge``.
    """

    data: dict[str, Any]
    config: dict[str, Any]
    recipe: dict[str, Any] = field(default_factory=dict)
    encoder: dict[str, Any] = field(default_factory=dict)
    shape: dict[str, Any] = field(default_factory=dict)
    task: dict[str, Any] = field(default_factory=dict)
    split: dict[str, int] = field(default_factory=dict)
    choices: list[dict[str, str]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    verdict: dict[str, Any] = field(default_factory=dict)
    status: str = "running"
    versions: dict[str, str] = field(default_factory=_versions)
    members: list[dict[str, Any]] = field(default_factory=list)
    imbalance: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def write(self, directory: Path) -> None:
        """Replace ``run.json`` at once; a reader sees the old one or the new one.

        Raises:
            UsageError: the directory cannot be written.
        """
        document = {"schema": SCHEMA, **asdict(self)}
        target = directory / FILE_NAME
        draft = target.with_suffix(".json.new")
        try:
            with draft.open("w", encoding="utf-8") as stream:
                json.dump(document, stream, indent=1, allow_nan=True)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            reason = error.strerror or error
            raise UsageError(
                f"{target} cannot be written ({reason}); make room, or choose another place with --out."
            ) from error

    @classmethod
    def read(cls, directory: Path) -> Record:
        """The record of a run directory.

        Raises:
            TraceError: there is none, it is damaged, or a newer gradwise wrote it.
        """
        file = directory / FILE_NAME
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise TraceError(f"{directory} holds no fitted network: it has no {FILE_NAME}.") from error
        except OSError as error:
            raise TraceError(f"{file} cannot be read ({error.strerror}).") from error
        except ValueError as error:
            raise TraceError(f"{file} is damaged ({error}); fit again.") from error
        if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
            raise TraceError(f"{file} was not written by gradwise fit; give the directory of a fit.")
        if document["schema"] > SCHEMA:
            raise TraceError(
                f"{file} was written by a newer gradwise (schema {document['schema']}, this one reads up to "
                f"{SCHEMA}); upgrade gradwise."
            )
        known = {item.name for item in fields(cls)}
        try:
            return cls(**{name: value for name, value in document.items() if name in known})
        except TypeError as error:
            raise TraceError(f"{file} is incomplete ({error}); fit again.") from error


def differing_versions(record: Mapping[str, str]) -> list[str]:
    """What has another version now than when the record was made, e.g. ``torch 2.12.0, now 2.13.0``."""
    now = _versions()
    return [f"{name} {was}, now {now[name]}" for name, was in record.items() if now.get(name, was) != was]
