"""The scripts with two faults, as the manifest declares them, and their twins, which are derived by edits."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.detection.admission import CLEAR_MARGIN, judge
from benchmarks.detection.corpus import ManifestError, Pair

HERE = Path(__file__).parent
MANIFEST, VALUES = HERE / "manifest.toml", HERE / "values.toml"
ARMS = ("sick", "first", "second", "fixed")  # as it is; only the first fault mended, the second; both
MENDED = {"sick": (False, False), "first": (True, False), "second": (False, True), "fixed": (True, True)}
_FIELDS = {"script": str, "faults": list, "metric": str, "better": str, "first": list, "second": list}


@dataclass(frozen=True, slots=True)
class Twins:
    """A script with two faults, and what stands for each of them in the twins.

    Args:
        pair: the script as it is and with both faults mended.
        faults: rules that name the two.
        edits: for each fault the words that make it, and those that mend it.
        values: metric by arm and seed; empty before it was measured.
    """

    pair: Pair
    faults: tuple[str, str]
    edits: tuple[tuple[str, str], tuple[str, str]]
    values: Mapping[str, Sequence[float]]

    def text(self, arm: str) -> str:
        """The script with none, one or both of its faults mended.

        Raises:
            ManifestError: an edit does not stand in the script exactly once.
        """
        sick, _ = self.pair.scripts()
        text = sick.path.read_text("utf-8")
        for mended, fault, (old, new) in zip(MENDED[arm], self.faults, self.edits, strict=True):
            if text.count(old) != 1:
                raise ManifestError(
                    f"{self.pair.name}: expected {old!r}, the place of {fault}, once in the script, "
                    f"found it {text.count(old)} times. Mend the manifest."
                )
            text = text.replace(old, new) if mended else text
        return text

    def why_not(self) -> str:
        """Why the script may not be in the benchmark; "" where both faults do harm, each by itself too."""
        if any(len(self.values.get(arm, ())) < 3 for arm in ARMS):
            return "it was not measured under three seeds"
        verdict = judge(self.values["sick"], self.values["fixed"], self.pair.better)
        if not verdict.admitted:
            return verdict.reason
        sign = 1.0 if self.pair.better == "max" else -1.0
        best = mean(self.values["fixed"])
        for arm, left in (("first", self.faults[1]), ("second", self.faults[0])):
            behind = sign * (best - mean(self.values[arm]))
            if math.isfinite(behind) and behind < CLEAR_MARGIN * abs(best):
                return f"with {left} alone it is hardly worse than without a fault"
        return ""


def load(manifest: Path = MANIFEST, values: Path = VALUES) -> list[Twins]:
    """All scripts of the manifest, with what was measured.

    Raises:
        ManifestError: a field is missing or wrong; the message names script and field.
    """
    measured = _read(values) if values.exists() else {}
    return [_twins(entry, manifest, measured) for entry in _read(manifest).get("script", [])]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path.name}: expected TOML, got an error: {error}. Mend that line.") from error


def _twins(entry: Mapping[str, Any], manifest: Path, measured: Mapping[str, Any]) -> Twins:
    name = str(entry.get("script", "a script"))
    for key, kind in _FIELDS.items():
        if not isinstance(entry.get(key), kind):
            raise ManifestError(f"{name}: expected {key!r} as {kind.__name__}, got {entry.get(key)!r}.")
    for key in ("faults", "first", "second"):
        if len(entry[key]) != 2:
            raise ManifestError(f"{name}: expected two entries in {key!r}, got {len(entry[key])}.")
    if entry["better"] not in ("max", "min"):
        raise ManifestError(f'{name}: expected better = "max" or "min", got {entry["better"]!r}.')
    values = {arm: tuple(map(float, runs)) for arm, runs in measured.get(name, {}).items()}
    pair = Pair(name, " + ".join(entry["faults"]), entry["metric"], entry["better"], values.get("sick", ()),
                values.get("fixed", ()), manifest=manifest)  # fmt: skip
    first, second = entry["first"], entry["second"]
    return Twins(
        pair, (entry["faults"][0], entry["faults"][1]), ((first[0], first[1]), (second[0], second[1])), values
    )


def written(values: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """``values.toml``.

    >>> print(written({"a": {"sick": [0.5, float("nan")]}}).splitlines()[-1])
    sick = [0.5, nan]
    """
    lines = ["# Metric by seeds 0, 1, 2, written by `python -m benchmarks.heal.two_faults --measure`."]
    for name, arms in values.items():
        lines += ["", f"[{name}]", *(f"{arm} = {[float(one) for one in runs]}" for arm, runs in arms.items())]
    return "\n".join(lines) + "\n"
