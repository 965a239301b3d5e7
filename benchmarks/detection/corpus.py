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
SCORED = HERE / "scored"
SEEN = HERE / "seen"  # scored once; rules were mended on what they missed, so it is for calibration now

Kind = Literal["sick", "fixed", "healthy"]
Better = Literal["max", "min"]
# Rules may be calibrated on the first; the second is only scored, and the bars are its.
Split = Literal["calibration", "scored"]
SPLITS: tuple[Split, ...] = ("calibration", "scored")


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
        split: the split it belongs to.
        published: where the planted fault was published; "" when it was thought up for the corpus.
        looks_like: of a healthy script, the fault it could be taken for.
    """

    name: str
    kind: Kind
    path: Path
    expected: str = ""
    accepted: tuple[str, ...] = ()
    split: Split = "calibration"
    published: str = ""
    looks_like: str = ""

    @property
    def label(self) -> str:
        """Kind and name, with the split in front where it is only scored."""
        return f"{'scored/' if self.split == 'scored' else ''}{self.kind}/{self.name}"


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
        published: where the planted fault was published, if it was.
        split: the split it belongs to.
        manifest: the file that declares it.
    """

    name: str
    expected: str
    metric: str
    better: Better
    sick: tuple[float, ...]
    fixed: tuple[float, ...]
    accepted: tuple[str, ...] = ()
    why_accepted: str = ""
    published: str = ""
    split: Split = "calibration"
    manifest: Path = SICK / "manifest.toml"

    def scripts(self) -> tuple[Script, Script]:
        """The sick script and its fixed twin."""
        root, file = _root(self.manifest), f"{self.name}.py"
        sick = Script(
            self.name,
            "sick",
            root / "sick" / file,
            self.expected,
            self.accepted,
            self.split,
            self.published,
        )
        return sick, Script(self.name, "fixed", root / "fixed" / file, self.expected, split=self.split)

    def value(self, output: str) -> float | None:
        """The last metric in a script's output; None when it printed none."""
        found = re.findall(self.metric, output)
        return float(found[-1]) if found else None


def _root(manifest: Path) -> Path:
    """The folder that holds ``sick``, ``fixed`` and ``healthy`` of what a manifest declares."""
    return manifest.parent.parent if manifest.parent.name == "sick" else manifest.parent


def manifests(split: Split) -> list[Path]:
    """The files that declare the sick scripts of a split; none where nobody has written any yet."""
    if split == "calibration":
        return [SICK / "manifest.toml", *sorted(SEEN.glob("*.toml"))]
    return sorted(SCORED.glob("*.toml"))


def load_pairs(manifest: Path = SICK / "manifest.toml", split: Split = "calibration") -> list[Pair]:
    """The sick scripts that a manifest declares.

    Raises:
        ManifestError: a field is missing or wrong; the message names script and field.
    """
    return [_pair(entry, manifest, split) for entry in _entries(manifest)]


def load_split(split: Split) -> tuple[list[Pair], list[Script]]:
    """The pairs and the healthy scripts of a split.

    Raises:
        ManifestError: a field is missing or wrong, or a name is declared twice.
    """
    pairs = [pair for manifest in manifests(split) for pair in load_pairs(manifest, split)]
    healthy = [*(load_healthy() if split == "calibration" else []), *_healthy_beside(split)]
    for kind, names in (("sick", [p.name for p in pairs]), ("healthy", [s.name for s in healthy])):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ManifestError(
                f"{', '.join(twice)}: declared twice among the {kind} scripts of the {split} split. Rename one."
            )
    return pairs, healthy


def load_healthy(folder: Path = HEALTHY) -> list[Script]:
    """The healthy scripts: those the manifest declares, or every script when there is none yet."""
    manifest = folder / "manifest.toml"
    if not manifest.exists():
        return [Script(path.stem, "healthy", path) for path in sorted(folder.glob("*.py"))]
    names = [_field(entry, "script", str, "a healthy script") for entry in _entries(manifest)]
    return [Script(Path(n).stem, "healthy", folder / f"{Path(n).stem}.py") for n in names]


def _healthy_beside(split: Split) -> list[Script]:
    """The healthy scripts that stand in the manifests of pairs."""
    scripts = []
    for manifest in manifests(split):
        for entry in _entries(manifest, "healthy"):
            name = Path(_field(entry, "script", str, "a healthy script")).stem
            path, looks = _root(manifest) / "healthy" / f"{name}.py", _field(entry, "looks_like", str, name)
            scripts.append(Script(name, "healthy", path, split=split, looks_like=looks))
    return scripts


def _entries(manifest: Path, key: str = "script") -> list[Mapping[str, Any]]:
    try:
        table = tomllib.loads(manifest.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(
            f"{manifest.name}: expected TOML, got an error: {error}. Mend that line."
        ) from error
    entries = table.get(key, [])
    if not isinstance(entries, list):
        raise ManifestError(f"{manifest.name}: expected [[{key}]] tables, got {type(entries).__name__}.")
    return entries


def _pair(entry: Mapping[str, Any], manifest: Path, split: Split) -> Pair:
    name = Path(_field(entry, "script", str, "a sick script")).stem
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
        published=_field({"published": "", **entry}, "published", str, name),
        split=split,
        manifest=manifest,
    )


def _field(entry: Mapping[str, Any], key: str, kind: type, of: str) -> Any:
    if key not in entry:
        raise ManifestError(f"{of}: expected a field {key!r}, found none. Add it to the manifest.")
    if not isinstance(entry[key], kind):
        raise ManifestError(f"{of}: expected {key!r} as {kind.__name__}, got {entry[key]!r}.")
    return entry[key]
