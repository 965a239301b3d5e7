"""Heal one script of the detection corpus by its own metric, and hold the result against its fixed twin."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.detection.corpus import Pair, Script
from gradwise.heal.candidates import random_treatments
from gradwise.heal.treatment import Treatment
from gradwise.heal.writing import write_treatment

# Share of the way from the best sick run to the worst fixed run that may be missing (ours).
MISSING = 0.1
# Share by which an edited script's metric may differ from the treated run's (ours), or else as much as the
# treated runs differ by their seeds: an edit that draws weights moves all random numbers that follow.
SAME = 0.02
SCRIPT_SECONDS = 240
DRAWS = 3  # treatments by lot, until one finds something to act on
IDLE = "found nothing to act on"


@dataclass(frozen=True, slots=True)
class Healing:
    """What came of one script.

    Args:
        script: its name.
        expected: the planted cause; "" for a healthy script.
        verdict: in gradwise's words.
        chosen: the treatment.
        reached: whether the chosen arm's mean is as good as the fixed twin, and was said to help.
        lot: the same of the first run with a treatment drawn by lot; None where none could act.
        steps: training steps of all runs, in multiples of the script's own.
        cost: seconds of all runs, in multiples of one of them.
        work: processor time of the whole heal, in multiples of ``python SCRIPT``.
        edited: how the script does after the edit: ``same`` as under the treatment, ``other``, or ``none``
            where no edit was offered.
        close: whether the chosen arm's mean is as good as the fixed twin, whatever the verdict.
        worse: whether a treatment was said to help and its mean is worse than that of nothing.
        causes: what was found in the first run.
        words: the verdict as a sentence.
        arms: numbers of the proof, nothing, chosen and by lot.
        error: why there is no outcome.
    """

    script: str
    expected: str
    verdict: str = ""
    chosen: str = ""
    reached: bool = False
    lot: bool | None = None
    steps: float = math.nan
    cost: float = math.nan
    work: float = math.nan
    edited: str = "none"
    close: bool = False
    worse: bool = False
    causes: Sequence[str] = ()
    words: str = ""
    arms: Sequence[Sequence[float | None]] = ()
    error: str = ""

    def document(self) -> dict[str, Any]:
        """As a line of JSON."""
        return asdict(self)


def reaches(pair: Pair, values: Sequence[float | None]) -> bool:
    """Whether the mean of these runs is as good as the fixed twin's, but for a tenth of the way.

    >>> pair = Pair("a", "b", "", "max", (0.1, 0.2), (0.9, 1.0))
    >>> reaches(pair, [0.84, 0.84]), reaches(pair, [0.82, 0.82]), reaches(pair, [1.0, None])
    (True, False, False)
    """
    sign = 1.0 if pair.better == "max" else -1.0
    worst = min(sign * value for value in pair.fixed)
    sick = [sign * value for value in pair.sick if math.isfinite(value)]
    way = worst - max(sick) if sick else abs(worst)
    if not values or any(value is None or not math.isfinite(value) for value in values):
        return False
    mean = sign * sum(value for value in values if value is not None) / len(values)
    return mean >= worst - MISSING * way


def heal(pair: Pair, seeds: int, budget: str, look: Callable[[Path], None] | None = None) -> Healing:
    """Run ``gradwise heal`` on the sick script of a pair, with the metric of the manifest.

    Args:
        pair: the script.
        seeds: of the proof.
        budget: for the heal.
        look: is given the folder of the heal before that is removed.
    """
    sick, _ = pair.scripts()
    with tempfile.TemporaryDirectory() as name:
        bench = _Bench(Path(name), sick.path)
        way = f"--{'higher' if pair.better == 'max' else 'lower'}"
        outcome, error, work = bench.heal(["--metric", pair.metric, way], seeds, budget)
        if look is not None:
            look(bench.out)
        if error:
            return Healing(pair.name, pair.expected, error=error)
        proof = outcome.get("proof") or {}
        edited = _edited(pair, outcome, bench)
        lot = proof.get("drawn", ())[:1] or _by_lot(pair, bench)
    close = reaches(pair, proof.get("chosen", ()))
    return Healing(
        pair.name,
        pair.expected,
        **_common(outcome, work),
        reached=outcome.get("verdict") == "helped" and close,
        lot=reaches(pair, lot) if lot else None,
        edited=edited,
        close=close,
    )


def heal_healthy(script: Script, seeds: int, budget: str) -> Healing:
    """Run ``gradwise heal`` on a script that is fine, by the number that it finds itself."""
    with tempfile.TemporaryDirectory() as name:
        outcome, error, work = _Bench(Path(name), script.path).heal([], seeds, budget)
    if error:
        return Healing(script.name, "", error=error)
    proof = outcome.get("proof") or {}
    worse = outcome.get("verdict") == "helped" and proof.get("gain", {}).get("mean", 0.0) <= 0
    return Healing(script.name, "", **_common(outcome, work), worse=worse)


@dataclass(slots=True)
class _Bench:
    """A folder with a script in it."""

    folder: Path
    source: Path

    def __post_init__(self) -> None:
        shutil.copy(self.source, self.script)

    @property
    def script(self) -> Path:
        return self.folder / self.source.name

    @property
    def out(self) -> Path:
        return self.folder / "heal"

    def heal(self, options: Sequence[str], seeds: int, budget: str) -> tuple[dict[str, Any], str, float]:
        """The outcome, why there is none, and the work in multiples of the plain script's."""
        _, plain = self.python(self.script.name, "--seed", "0")
        words = ["-m", "gradwise", "heal", "--quiet", "--seeds", str(seeds), "--budget", budget, *options]
        done, work = self.python(*words, "--out", str(self.out), self.script.name, "--seed", "0")
        file = self.out / "heal.json"
        outcome = json.loads(file.read_text("utf-8")).get("outcome") if file.exists() else None
        if not outcome:
            lines = done.stderr.strip().splitlines()
            return {}, lines[-1] if lines else f"exit {done.returncode}", math.nan
        return outcome, "", work / plain if plain else math.nan

    def python(self, *words: str) -> tuple[subprocess.CompletedProcess[str], float]:
        """Run Python in the folder; what came of it, and its processor time with that of its children."""
        before = _processor()
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env={**os.environ, "SEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done, _processor() - before


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _common(outcome: dict[str, Any], work: float) -> dict[str, Any]:
    proof = outcome.get("proof") or {}
    return {
        "verdict": str(outcome.get("verdict", "")),
        "chosen": " + ".join(cure["name"] for cure in outcome.get("chosen") or ()),
        "steps": _number(outcome.get("steps")),
        "cost": _number(outcome.get("cost")),
        "work": round(work, 2),
        "causes": outcome.get("causes") or [],
        "words": str(outcome.get("words", "")),
        "arms": [proof.get(arm, []) for arm in ("nothing", "chosen", "drawn")] if proof else [],
    }


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _by_lot(pair: Pair, bench: _Bench) -> list[float | None]:
    """A run with a treatment by lot, where the heal came to none."""
    draws = random_treatments("changes-training", 1, (), sum(pair.name.encode()))
    for number, cures in zip(range(DRAWS), draws, strict=False):
        file, report = bench.folder / f"lot{number}.toml", bench.folder / f"lot{number}.json"
        write_treatment(Treatment(cures), file)
        words = [
            "check",
            "--quiet",
            "--isolated",
            "--probe",
            "none",
            "--treat",
            str(file),
            "--json",
            str(report),
        ]
        done, _ = bench.python("-m", "gradwise", *words, bench.script.name, "--seed", "0")
        if report.exists():
            told = json.loads(report.read_text("utf-8")).get("treated") or []
            if all(one.get("did") for one in told):
                return [pair.value(done.stdout)]
    return []


def _edited(pair: Pair, outcome: dict[str, Any], bench: _Bench) -> str:
    """How the edited script does beside the treated run with the same seeds."""
    diff = bench.out / "edit.diff"
    if not diff.exists() or outcome.get("verdict") != "helped":
        return "none"
    done = subprocess.run(
        ["git", "apply", "-p1", str(diff)], cwd=bench.folder, capture_output=True, check=False
    )
    if done.returncode:
        return "other"
    run, _ = bench.python(bench.script.name, "--seed", "0")
    found = re.findall(pair.metric, run.stdout)
    shutil.copy(bench.source, bench.script)
    treated = [value for value in outcome["proof"]["chosen"] if value is not None]
    if run.returncode or not found or len(treated) < len(outcome["proof"]["chosen"]):
        return "other"
    near = max(SAME * abs(treated[0]), max(treated) - min(treated))
    return "same" if abs(float(found[-1]) - treated[0]) <= near else "other"
