"""A fit carried out: one net, or several with a seed each, one after another or together."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gradwise.data.examples import Encoder
from gradwise.fitting.assembly import threads
from gradwise.fitting.ensemble import ensemble_state
from gradwise.fitting.listener import EpochNews, Listener, Moment
from gradwise.fitting.members import MEMBERS, Member, assemble_together
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.record import Record
from gradwise.fitting.run import (
    CHECKPOINTS,
    MOST_EVALUATED,
    Fitted,
    Job,
    Outcome,
    Sets,
    Setup,
    conclude,
    learn,
    set_up,
)
from gradwise.train.together import MemberBatches


def carry_out(
    directory: Path,
    record: Record,
    recipe: Recipe,
    encoder: Encoder,
    sets: Sets,
    progress: Listener,
    *,
    resumed: bool,
) -> Fitted:
    """Train by the recipe, keep everything, judge."""
    job = Job(directory, record, recipe, encoder, sets, progress, resumed)
    job.begin()
    with threads(recipe.threads):
        if recipe.runs == 1:
            setup = set_up(job, recipe)
            findings = learn(job, setup, directory / CHECKPOINTS, watched=job.config.doctor)
            return conclude(job, Outcome.of(setup.training, findings))
        members, history = _together(job) if recipe.together else _one_after_another(job)
        fitted = conclude(job, _averaged(job, members, history))
    if record.status == "finished" and not recipe.together:  # all are in the ensemble
        for left in (MEMBERS, CHECKPOINTS):
            shutil.rmtree(directory / left, ignore_errors=True)
    return fitted


def _together(job: Job) -> tuple[list[Member], list[dict[str, Any]]]:
    """All at once; the history is of their means."""
    recipe, sets = job.recipe, job.sets
    batches = MemberBatches(
        sets.train,
        recipe.batch_size,
        device=recipe.device,
        seeds=recipe.seeds,
        balanced=recipe.balanced,
    )
    size = max(recipe.batch_size, min(MOST_EVALUATED, len(sets.valid)) // recipe.runs)
    valid = MemberBatches(sets.valid, size, device=recipe.device, shuffle=False, seeds=recipe.seeds)
    training = assemble_together(recipe, job.encoder.task, job.encoder.shape(), steps_per_epoch=len(batches))
    learn(job, Setup(training, batches, valid), job.directory / CHECKPOINTS, watched=False)
    history = [asdict(row) for row in training.progress.history]
    return Member.all_of(recipe.seed, training), history


def _one_after_another(job: Job) -> tuple[list[Member], list[dict[str, Any]]]:
    """Each by itself; finished ones are kept in the run directory.  The history tells seeds."""
    members: list[Member] = []
    for number, seed in enumerate(job.recipe.seeds):
        member = Member.kept(job.directory, seed) if job.resumed else None
        member = member or _one(job, number, seed)
        members.append(member)
        if member.stop == "interrupted":
            break
    return members, [row for member in members for row in member.history or ()]


def _one(job: Job, number: int, seed: int) -> Member:
    """Train one of several and keep it."""
    runs = job.recipe.runs
    own = replace(job, progress=_Part(job.progress, number, runs))
    setup = set_up(own, replace(job.recipe, seed=seed))
    place = job.directory / CHECKPOINTS / f"seed-{seed}"
    findings = learn(own, setup, place, watched=job.config.doctor and number == 0)
    member = Member.of(seed, setup.training, findings)
    if member.stop != "interrupted":
        member.save(job.directory)
        shutil.rmtree(place, ignore_errors=True)
        best = setup.training.progress
        came_to = f"loss {best.best_value:.4g} in epoch {best.best_epoch}"
        told = f"; {member.stop}" if member.stop else ""
        job.progress.said(f"run {number + 1} of {runs}, seed {seed}: {came_to}{told}")
    return member


def _averaged(job: Job, members: Sequence[Member], history: list[dict[str, Any]]) -> Outcome:
    """The ensemble of all members whose weights are numbers and that ended an epoch, where there are any."""
    stop = next((member.stop for member in members if member.stop == "interrupted"), "")
    good = [member for member in members if member.sound and member.best_epoch]
    for member in members:
        if good and member not in good:
            why = "its weights are no numbers" if not member.sound else "it ended no epoch"
            job.progress.said(f"seed {member.seed} is left out of the ensemble: {why}")
    kept = good or list(members[:1])
    job.record.members = [
        {"seed": member.seed, "best_epoch": member.best_epoch, "stop": member.stop} for member in kept
    ]
    return Outcome(
        weights=ensemble_state([member.weights for member in kept]),
        stop=stop,
        why="",
        history=history,
        facts={"left_out": [member.seed for member in members if member not in kept]},
        findings=members[0].findings,
    )


class _Part(Listener):
    """Tells of one training of several as of its part of all epochs."""

    def __init__(self, listener: Listener, number: int, runs: int) -> None:
        self.listener, self.number, self.runs = listener, number, runs

    def said(self, text: str) -> None:
        """Something worth a line happened."""
        self.listener.said(text)

    def finished_epoch(self, news: EpochNews) -> None:
        """An epoch ended."""
        self.listener.finished_epoch(news)

    def found(self, names: Sequence[str]) -> None:
        """The doctor's findings so far, strongest first."""
        self.listener.found(names)

    def moved(self, moment: Moment) -> None:
        """A few more batches are done."""
        epochs = moment.epochs
        self.listener.moved(
            replace(moment, epoch=self.number * epochs + moment.epoch, epochs=self.runs * epochs)
        )
