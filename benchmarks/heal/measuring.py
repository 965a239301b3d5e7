"""Heal one sick script of the detection corpus by its own metric, and hold the result against its fixed twin."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.detection.corpus import Pair

# Share of the way from the best sick run to the worst fixed run that may be missing (ours).
MISSING = 0.1
SAME = 0.02  # share by which an edited script's metric may differ from the treated run's (ours)
SCRIPT_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Healing:
    """What came of one sick script.

    Args:
        script: its name.
        expected: the planted cause.
        verdict: in gradwise's words.
        chosen: the treatment.
        reached: whether the chosen arm's mean is as good as the fixed twin.
        lot: the same of the arm drawn by lot.
        cost: of everything, in multiples of one run.
        edited: how the script does after the edit: ``same`` as under the treatment, ``other``, or ``none``
            where no edit was offered.
        seconds: of everything.
        error: why there is no outcome.
    """

    script: str
    expected: str
    verdict: str = ""
    chosen: str = ""
    reached: bool = False
    lot: bool = False
    cost: float = math.nan
    edited: str = "none"
    seconds: float = math.nan
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


def heal(pair: Pair, seeds: int, budget: str) -> Healing:
    """Run ``gradwise heal`` on the sick script of a pair, with the metric of the manifest."""
    sick, _ = pair.scripts()
    with tempfile.TemporaryDirectory() as folder:
        script, out = Path(folder, sick.path.name), Path(folder, "heal")
        shutil.copy(sick.path, script)
        command = [sys.executable, "-m", "gradwise", "heal", "--quiet", "--seeds", str(seeds)]
        command += [
            "--budget",
            budget,
            "--metric",
            pair.metric,
            f"--{'higher' if pair.better == 'max' else 'lower'}",
        ]
        command += ["--out", str(out), script.name, "--seed", "0"]
        environment = {**os.environ, "SEED": "0"}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        file = out / "heal.json"
        if not file.exists():
            lines = done.stderr.strip().splitlines()
            return Healing(pair.name, pair.expected, error=lines[-1] if lines else f"exit {done.returncode}")
        outcome = json.loads(file.read_text("utf-8")).get("outcome") or {}
        edited = _edited(pair, outcome, script, out / "edit.diff", environment)
    return _read(pair, outcome, edited)


def _read(pair: Pair, outcome: dict[str, Any], edited: str) -> Healing:
    proof = outcome.get("proof") or {}
    return Healing(
        pair.name,
        pair.expected,
        verdict=str(outcome.get("verdict", "")),
        chosen=" + ".join(cure["name"] for cure in outcome.get("chosen") or ()),
        reached=outcome.get("verdict") == "helped" and reaches(pair, proof.get("chosen", ())),
        lot=reaches(pair, proof.get("drawn", ())),
        cost=float(outcome.get("cost", math.nan)),
        edited=edited,
        seconds=float(outcome.get("seconds", math.nan)),
    )


def _edited(
    pair: Pair, outcome: dict[str, Any], script: Path, diff: Path, environment: dict[str, str]
) -> str:
    """How the edited script does beside the run that the search made with the treatment."""
    if not diff.exists() or outcome.get("verdict") != "helped":
        return "none"
    done = subprocess.run(
        ["git", "apply", "-p1", str(diff)], cwd=script.parent, capture_output=True, check=False
    )
    if done.returncode:
        return "other"
    run = subprocess.run(
        [sys.executable, script.name, "--seed", "0"],
        cwd=script.parent, env=environment, capture_output=True, text=True, check=False,
        timeout=SCRIPT_SECONDS,
    )  # fmt: skip
    found = re.findall(pair.metric, run.stdout)
    chosen = {cure["name"] for cure in outcome.get("chosen") or ()}
    tried = [
        one["value"] for one in outcome["tried"] if set(_names(one["cures"])) == chosen and one["share"] == 1
    ]
    best = max(tried) if pair.better == "max" else min(tried)
    if run.returncode or not found or best is None:
        return "other"
    return "same" if abs(float(found[-1]) - best) <= SAME * abs(best) else "other"


def _names(cures: str) -> list[str]:
    return [part.split()[0] for part in cures.split(" + ")]
