"""The scripts of the corpus, as their manifests declare them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
SICK, FIXED, HEALTHY = HERE / "sick", HERE / "fixed", HERE / "healthy"

Kind = Literal["sick", "fixed", "healthy"]
Better = Literal["max", "min"]


class ManifestError(ValueError):
    """A manifest does not say what the runner needs."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script of the corpus.

    Args:
        name: file name without suffix.
        kind: sick, its fixed twin, or healthy.
        path: the file.
        expected: rule that names the planted cause; "" when there is none.
        accepted: other rules that would be a fair first line.
    """

    name: str
    kind: Kind
    path: Path
    expected: str = ""
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A sick script, its fixed twin and what both scored when admitted.

    Args:
        name: file name without suffix, the same for both.
        expected: rule that names the planted cause.
        metric: regular expression whose first group is the number the script prints last.
        better: whether a larger or a smaller metric is better.
        sick: metric of the sick script per seed; NaN where it printed NaN.
        fixed: metric of the fixed twin per seed.
        accepted: other rules that would be a fair first line.
        why_accepted: the reason, in a sentence; needed when ``accepted`` is not empty.
    """

    name: str
    expected: str
    metric: str
    better: Better
    sick: tuple[float, ...]
    fixed: tuple[float, ...]
    accepted: tuple[str, ...] = ()
    why_accepted: str = ""

    def scripts(self) -> tuple[Script, Script]:
        """The sick script and its fixed twin."""
        return (
            Script(self.name, "sick", SICK / f"{self.name}.py", self.expected, self.accepted),
            Script(self.name, "fixed", FIXED / f"{self.name}.py", self.expected),
        )

    def value(self, output: str) -> float | None:
        """The last metric in a script's output; None when it printed none."""
        found = re.findall(self.metric, output)
        return float(found[-1]) if found else None


def load_pairs(manifest: Path = SICK / "manifest.toml") -> list[Pair]:
    """The sick scripts that a manifest declares.

    Raises:
        ManifestError: a field is missing or wrong; the message names script and field.
    """
    return [_pair(entry) for entry in _entries(manifest)]


def load_healthy(folder: Path = HEALTHY) -> list[Script]:
    """The healthy scripts: those the manifest declares, or every script when there is none yet."""
    manifest = folder / "manifest.toml"
    if not manifest.exists():
        return [Script(path.stem, "healthy", path) for path in sorted(folder.glob("*.py"))]
    names = [_field(entry, "script", str, "a healthy script") for entry in _entries(manifest)]
    return [Script(Path(n).stem, "healthy", folder / f"{Path(n).stem}.py") for n in names]


def _entries(manifest: Path) -> list[Mapping[str, Any]]:
    try:
        table = tomllib.loads(manifest.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(
            f"{manifest.name}: expected TOML, got an error: {error}. Mend that line."
        ) from error
    entries = table.get("script", [])
    if not isinstance(entries, list):
        raise ManifestError(f"{manifest.name}: expected [[script]] tables, got {type(entries).__name__}.")
    return entries


def _pair(entry: Mapping[str, Any]) -> Pair:
    name = _field(entry, "script", str, "a sick script")
    better = _field(entry, "better", str, name)
    if better not in ("max", "min"):
        raise ManifestError(f'{name}: expected better = "max" or "min", got {better!r}.')
    accepted = tuple(_field(entry, "accepted", list, name))
    why = entry.get("why_accepted", "")
    if accepted and not why:
        raise ManifestError(f"{name}: accepts {', '.join(accepted)} too; say why in why_accepted.")
    return Pair(
        name=name,
        expected=_field(entry, "expected", str, name),
        metric=_field(entry, "metric", str, name),
        better="max" if better == "max" else "min",
        sick=tuple(float(v) for v in _field(entry, "sick", list, name)),
        fixed=tuple(float(v) for v in _field(entry, "fixed", list, name)),
        accepted=accepted,
        why_accepted=why,
    )


def _field(entry: Mapping[str, Any], key: str, kind: type, of: str) -> Any:
    if key not in entry:
        raise ManifestError(f"{of}: expected a field {key!r}, found none. Add it to the manifest.")
    if not isinstance(entry[key], kind):
        raise ManifestError(f"{of}: expected {key!r} as {kind.__name__}, got {entry[key]!r}.")
    return entry[key]
