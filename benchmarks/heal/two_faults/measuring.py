"""Plain runs of a script and its twins, and a heal of which is kept what every run showed."""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import runpy
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.detection.corpus import Pair
from benchmarks.heal.measuring import Healing, heal
from benchmarks.heal.two_faults.twins import ARMS, Twins
from gradwise.diagnosis import diagnose
from gradwise.errors import GradwiseError
from gradwise.trace.read import read_run


@dataclass(frozen=True, slots=True)
class Combined:
    """What came of one script with two faults.

    Args:
        healing: as every heal of the benchmark is measured.
        first: which of its faults the first run named, as a cause or a symptom.
        whole: which of them any run of the heal named.
        cures: how many the chosen treatment has.
        tried: each candidate of the search, its number and what it showed.
    """

    healing: Healing
    first: tuple[str, ...]
    whole: tuple[str, ...]
    cures: int = 0
    tried: tuple[str, ...] = ()

    @property
    def both(self) -> bool:
        """Whether both faults were named in the whole heal."""
        return len(self.whole) == 2

    def document(self) -> dict[str, Any]:
        """As a line of JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Combined:
        """What `document` told."""
        return cls(
            Healing(**document["healing"]),
            tuple(document["first"]),
            tuple(document["whole"]),
            document["cures"],
            tuple(document.get("tried", ())),
        )


def combined(twins: Twins, seeds: int, budget: str) -> Combined:
    """Heal the script as it is, and hear what each of its runs showed."""
    shown: list[set[str]] = []
    tried: list[str] = []

    def look(out: Path) -> None:
        shown.extend(_shown(out))
        tried.extend(_tried(out))

    healing = heal(twins.pair, seeds, budget, look)
    first = shown[0] if shown else set()
    return Combined(
        healing,
        tuple(fault for fault in twins.faults if fault in first),
        tuple(fault for fault in twins.faults if fault in set().union(*shown)),
        len(healing.chosen.split(" + ")) if healing.chosen else 0,
        tuple(tried),
    )


def _shown(out: Path) -> list[set[str]]:
    """What each run of a heal showed, the script's own first."""
    return [_named(out / "runs" / run["key"]) for run in _document(out).get("runs", [])]


def _tried(out: Path) -> list[str]:
    """Each candidate of the search, in words."""
    tried = _document(out).get("outcome", {}).get("tried", [])
    return [
        f"{one['cures']} over {one['share']:.2f}: {one['value']} for {one['nothing']}, "
        f"{', '.join(one['shows']) or one['error'] or 'clean'}"
        for one in tried
    ]


def _document(out: Path) -> dict[str, Any]:
    file = out / "heal.json"
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def _named(place: Path) -> set[str]:
    try:
        findings = diagnose(read_run(place).segments).findings
    except GradwiseError:
        return set()
    return {one.rule for finding in findings for one in (finding, *finding.symptoms)}


def plain(twins: Twins, seeds: Iterable[int]) -> dict[str, list[float]]:
    """The metric of all arms without gradwise; NaN where a run prints none."""
    return {arm: [_value(twins.pair, twins.text(arm), seed) for seed in seeds] for arm in ARMS}


def _value(pair: Pair, text: str, seed: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        script, out = Path(folder) / f"{pair.name}.py", Path(folder) / "out"
        script.write_text(text, "utf-8")
        # Forked, so that torch is imported once for all of them.
        child = multiprocessing.get_context("fork").Process(target=_run, args=(script, seed, out))
        child.start()
        child.join()
        value = pair.value(out.read_text("utf-8")) if not child.exitcode else None
    return math.nan if value is None else value


def _run(script: Path, seed: int, out: Path) -> None:
    sys.argv = [script.name, "--seed", str(seed)]
    with out.open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        runpy.run_path(str(script), run_name="__main__")
