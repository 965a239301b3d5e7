"""The settings that a search varies, each with what it may be."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from gradwise.errors import UsageError
from gradwise.registry import nearest
from gradwise.search.dimension import DEFAULT, Between, Dimension, OneOf, read_dimension
from gradwise.train.config import FitConfig

# In the order in which they are drawn: what a net can be told depends on the net.
SEARCHED = (
    "net", "width", "depth", "dropout", "activation", "norm", "batch_size", "optimizer", "rate",
    "weight_decay", "schedule", "loss", "init", "clip", "augment", "regularize", "class_weights",
    "balanced_batches", "patience", "ema",
)  # fmt: skip
DATA = ("scale", "resample", "valid", "test")
PACE = ("precision", "layout", "fused", "compile", "threads", "device", "together", "save_every", "doctor")
WHY_NOT = {
    **dict.fromkeys(DATA, "the data is read and split once, for all trials alike"),
    **dict.fromkeys(PACE, "it changes how fast a net trains, not what it learns"),
    "epochs": "trials are compared epoch by epoch, so all have the same",
    "seed": "all trials have the same, so that they differ in their settings only",
    "runs": "a trial trains one net",
    "threshold": "it is chosen after training",
}


@dataclass(frozen=True, slots=True)
class Space:
    """Settings by the names of `FitConfig`, and what each may be.

    Args:
        dimensions: by setting, in the order in which they are drawn.
    """

    dimensions: Mapping[str, Dimension]

    @classmethod
    def make(cls, document: Mapping[str, Any]) -> Space:
        """A space from names and values, e.g. of a TOML file; names may be written with hyphens.

        A list holds the values that a setting may have (``"default"`` leaves it to gradwise), a table a
        range: ``{low, high}`` with ``log = true``, ``step`` or ``int = true``.

        Raises:
            UsageError: no setting of that name, one that is not searched, a list or a range that is none.

        >>> space = Space.make({"batch-size": [32, 64], "rate": {"low": 1e-4, "high": 0.1, "log": True}})
        >>> space.dimensions["batch_size"].values
        (32, 64)
        """
        found: dict[str, Dimension] = {}
        kinds = {field.name: str(field.type) for field in fields(FitConfig)}
        for raw, given in document.items():
            name = raw.replace("-", "_")
            check_searched(name, raw)
            if name in found:
                raise UsageError(
                    f"space: {raw} stands there twice, with a hyphen and without; leave one out."
                )
            dimension = read_dimension(raw, given, whole=kinds[name].startswith("int"))
            if isinstance(dimension, Between) and not kinds[name].startswith(("int", "float")):
                raise UsageError(f"space: {raw} takes a list of words, not a range.")
            for value in dimension.samples():
                if value != DEFAULT:
                    _check_value(name, raw, value)
            found[name] = dimension
        return cls({name: found[name] for name in SEARCHED if name in found})

    @classmethod
    def read(cls, path: Path) -> Space:
        """The space of a TOML file, at its top or in a table ``[space]``.

        Raises:
            UsageError: no such file, not TOML, or not a space.
        """
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"--space {path} cannot be read ({error.strerror}).") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"--space {path} is not a TOML file: {error}.") from error
        space = document.pop("space", None) if isinstance(document.get("space"), dict) else None
        if space is not None and document:
            raise UsageError(f"--space {path} holds {next(iter(document))!r} outside of its table [space].")
        made = cls.make(document if space is None else space)
        if not made.dimensions:
            raise UsageError(f"--space {path} names no setting; write e.g. width = {{low = 16, high = 256}}.")
        return made

    @classmethod
    def of_record(cls, document: Mapping[str, Any]) -> Space:
        """What `as_dict` wrote."""
        return cls(
            {
                name: OneOf(tuple(held["values"])) if "values" in held else Between(**held)
                for name, held in document.items()
            }
        )

    @property
    def single(self) -> dict[str, Any]:
        """Settings that can have one value only."""
        return {
            name: held.values[0]
            for name, held in self.dimensions.items()
            if isinstance(held, OneOf) and len(held.values) == 1
        }

    def without(self, names: Iterable[str]) -> Space:
        """The same, less these settings."""
        gone = set(names)
        return Space({name: held for name, held in self.dimensions.items() if name not in gone})

    def as_dict(self) -> dict[str, Any]:
        """For the record of a study."""
        return {name: held.as_dict() for name, held in self.dimensions.items()}


def check_searched(name: str, raw: str) -> None:
    """See that a setting can be searched.

    Raises:
        UsageError: there is none of that name, or it must be the same for all trials.
    """
    if name in SEARCHED:
        return
    if name in {field.name for field in fields(FitConfig)}:
        why = WHY_NOT.get(name, "a search does not vary it")
        raise UsageError(f"space: {raw} is not searched: {why}; hold it fixed with --set {raw}=VALUE.")
    near = nearest(raw, [each.replace("_", "-") for each in SEARCHED])
    raise UsageError(f"space: there is no setting {raw!r}{near}; `gradwise search --help` lists all.")


def _check_value(name: str, raw: str, value: Any) -> None:
    try:
        FitConfig.make({name: value})
    except UsageError as error:
        raise UsageError(f"space: {raw}: {error}") from error
