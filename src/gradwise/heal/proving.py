"""The runs of a proof: pairs first, then the lot, each only as long as it can still decide something."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from gradwise.heal.candidates import Candidate, random_treatments
from gradwise.heal.halving import repeated
from gradwise.heal.making import OutOfTimeError
from gradwise.heal.metric import Metric
from gradwise.heal.proof import Arms, Proof, prove, rescued
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import Ran, Trial
from gradwise.heal.trying import Ground
from gradwise.trace.read import read_run

FEWEST_SEEDS = 2  # with fewer there is no interval
MOST = 200  # treatments drawn by lot until one can act
LOOKS = 6  # of these, runs of few steps to see whether they do
WHOLE = 2  # of these, runs over all steps that acted on nothing all the same
CHANCE = (
    "the script is not deterministic: with the same seeds another run gave other losses; "
    "the interval holds that too"
)


def proven(best: Candidate, seeds: int, ground: Ground, metric: Metric) -> Proof:
    """The arms, seed by seed.

    The script's own run is the first pair's run with nothing; no run of the search is in the proof.  Pairs
    end early where none that is left could make the interval certain; without a certain interval nothing is
    drawn by lot.

    Args:
        best: the treatment.
        seeds: pairs.
        ground: the script's own run, and what makes others.
        metric: what is compared.

    Raises:
        OutOfTimeError: the budget is spent before two pairs.
    """
    worst = _untrained(ground) if metric.kind != "printed" else math.nan
    arms, lots, plain = Arms(metric.lower, seeds, worst), [], {0: ground.first}
    while len(arms.chosen) < arms.planned and not arms.same:
        shift = len(arms.chosen)
        try:
            _pair(best, shift, ground, metric, arms, plain)
        except OutOfTimeError:
            if shift < FEWEST_SEEDS:
                raise
            ground.runs.note(f"the budget was spent after {shift} of {arms.planned} seeds")
            del arms.nothing[shift:]
            break
        if arms.promising:
            arms.go_on()
        elif arms.hopeless:
            break
    if arms.gain.certain or rescued(arms):
        lots = _lot(best, ground, metric, arms, plain)
    return prove(range(len(arms.chosen)), arms, lots)


def _pair(
    best: Candidate, shift: int, ground: Ground, metric: Metric, arms: Arms, plain: dict[int, Ran]
) -> None:
    """The same seeds with nothing and with the treatment."""
    if shift:
        plain[shift] = ground.runs.get(
            Trial((), shift, ground.max_steps), lambda ran: _value(ran, ground, metric)
        )
        arms.same = shift == 1 and repeated(ground.first, plain[1], ground.runs) is True
    arms.nothing.append(_value(plain[shift], ground, metric))
    ran = ground.runs.get(
        Trial(best.cures, shift, ground.max_steps), lambda ran: _value(ran, ground, metric, best.cures)
    )
    arms.chosen.append(_value(ran, ground, metric, best.cures))


def _lot(best: Candidate, ground: Ground, metric: Metric, arms: Arms, plain: Mapping[int, Ran]) -> list[str]:
    """What was drawn: another treatment for each seed, until the lot is decided."""
    names: list[str] = []
    draws = random_treatments(
        best.grade, len(best.cures), best.cures, lot_of(ground.runs.record.script), ground.unable
    )
    for shift in range(len(arms.chosen)):
        drawn = _drawn(draws, shift, ground, metric, plain[shift])
        if drawn is None:
            ground.runs.note("no other cure of this grade could act, so the lot ends here")
            break
        arms.drawn.append(_value(drawn, ground, metric))
        names.append(drawn.name)
        if arms.decided:
            break
    return names


def _drawn(
    draws: Iterator[tuple[Cure, ...]], shift: int, ground: Ground, metric: Metric, plain: Ran
) -> Ran | None:
    """A run with a treatment by lot that finds something to act on; None without one."""
    looks = whole = 0
    for cures in islice(draws, MOST):
        if not ground.hopeful(cures):
            continue
        looks += 1
        if ground.acts(cures, shift):
            ran = ground.runs.get(
                Trial(cures, shift, ground.max_steps), lambda ran: _value(ran, ground, metric)
            )
            if ran.status != "idle":
                return ran
            if repeated(plain, ran, ground.runs) is False:
                ground.runs.note(CHANCE)
            whole += 1
        if looks == LOOKS or whole == WHOLE:
            break
    return None


def proof_runs(seeds: int) -> int:
    """Whole runs of a proof beside the script's own, with one treatment by lot."""
    return 2 * seeds


def lot_of(script: Mapping[str, Any]) -> int:
    """The seed of the lot: always the same for a script, and another for another."""
    return zlib.crc32(f"{script['digest']} {script['module']} {script['arguments']}".encode())


def _value(ran: Ran, ground: Ground, metric: Metric, cures: tuple[Cure, ...] = ()) -> float:
    return metric.of(ground.runs.place(ran), ground.until(cures)) if ran.held else math.nan


def _untrained(ground: Ground) -> float:
    """The first loss of a run: that of a model that has learnt nothing."""
    loss = read_run(ground.runs.place(ground.first)).trace.step_signal("loss").mean
    seen = loss[np.isfinite(loss)]
    return float(seen[0]) if len(seen) else math.nan
