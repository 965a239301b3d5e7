"""``run.json``: what a fit was told, what it chose, how it went; enough to resume, predict or run again."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gradwise.fitting.documents import DocumentForm

FILE_NAME = "run.json"
SCHEMA = 1  # raised when an older gradwise could not read the file
FORM = DocumentForm(FILE_NAME, SCHEMA, holds="fitted network", verb="fit")


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
        FORM.write(directory, asdict(self), "make room, or choose another place with --out")

    @classmethod
    def read(cls, directory: Path) -> Record:
        """The record of a run directory.

        Raises:
            TraceError: there is none, it is damaged, or a newer gradwise wrote it.
        """
        return FORM.read(cls, directory)


def differing_versions(record: Mapping[str, str]) -> list[str]:
    """What has another version now than when the record was made, e.g. ``torch 2.12.0, now 2.13.0``."""
    now = _versions()
    return [f"{name} {was}, now {now[name]}" for name, was in record.items() if now.get(name, was) != was]
