"""The parts of a fit that is carried out: setting up, learning watched and kept safe, judging."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import torch as safetensors
from torch import Tensor

from gradwise.baselines import quick
from gradwise.data.examples import Encoder, Examples
from gradwise.data.imbalance.threshold import fixed
from gradwise.errors import TraceError, UsageError
from gradwise.fitting.assembly import assemble
from gradwise.fitting.deciding import choose_threshold, learnt_shares
from gradwise.fitting.doctor import Doctor
from gradwise.fitting.listener import Listener
from gradwise.fitting.members import judge_members, on_cpu
from gradwise.fitting.network import WEIGHTS, Network, load
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.record import Record
from gradwise.fitting.reporting import Reporting
from gradwise.fitting.timing import timed
from gradwise.fitting.verdict import Verdict, judge
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback, EarlyStopping, SaveCheckpoint, StopOnInterrupt
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.config import FitConfig
from gradwise.train.files import publish
from gradwise.train.loop import fit as train
from gradwise.train.training import Training

CHECKPOINTS = "checkpoints"  # under the run directory
MOST_EVALUATED = 4096  # rows in one batch of an evaluation: no gradients, so larger ones fit


@dataclass(frozen=True, slots=True)
class Sets:
    """The three parts as arrays; ``valid`` and ``test`` may be empty.

    ``before`` are the training rows before they were resampled; None: they were not.
    """

    train: Examples
    valid: Examples
    test: Examples
    before: Examples | None = None

    @property
    def original(self) -> Examples:
        """The training rows as they came."""
        return self.train if self.before is None else self.before


@dataclass(slots=True)
class Fitted:
    """What came out of a fit.

    Args:
        directory: the run directory.
        record: its ``run.json``.
        verdict: None when nothing was learnt from yet, or there are no validation rows.
        network: to predict with; None when it was interrupted before the first epoch ended.
        watched: whether the doctor was on.
    """

    directory: Path
    record: Record
    verdict: Verdict | None = None
    network: Network | None = None
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What a fit is carried out with.

    Args:
        directory: the run directory.
        record: its ``run.json``.
        recipe: how to train.
        encoder: the fitted preprocessing.
        sets: the data.
        progress: hears how it goes.
        resumed: it goes on with what lies in the directory.
    """

    directory: Path
    record: Record
    recipe: Recipe
    encoder: Encoder
    sets: Sets
    progress: Listener
    resumed: bool

    @property
    def config(self) -> FitConfig:
        """The settings as they were given."""
        return FitConfig.make(self.record.config)

    def begin(self) -> None:
        """Before the first training."""
        if self.resumed:  # also finds out whether the directory can be written, before any work
            self.record.status = "running"
            self.record.write(self.directory)
        self.progress.began(str(self.directory))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What training came to.

    Args:
        weights: of the network, on the CPU.
        stop: why it ended before its last epoch; "" otherwise.
        why: the same as a sentence for the user.
        history: one entry per epoch.
        facts: what the verdict holds beside scores.
        findings: of the doctor; None where it did not watch.
    """

    weights: dict[str, Tensor]
    stop: str
    why: str
    history: list[dict[str, Any]]
    facts: dict[str, Any]
    findings: list[dict[str, Any]] | None

    @classmethod
    def of(cls, training: Training, findings: list[dict[str, Any]] | None) -> Outcome:
        """Of one net."""
        return cls(
            weights=on_cpu(training.best_weights or training.weights()),
            stop=training.stop,
            why=f"stopped after epoch {training.progress.epoch}: {training.stop}" if training.stop else "",
            history=[asdict(row) for row in training.progress.history],
            facts={"best_epoch": training.progress.best_epoch, **_regularised(training)},
            findings=findings,
        )


@dataclass(frozen=True, slots=True)
class Setup:
    """A training and what it learns from and is judged on; ``valid`` None: no such rows."""

    training: Training
    batches: Batches
    valid: Batches | None


def set_up(job: Job, recipe: Recipe) -> Setup:
    """The training of one net, from nothing."""
    rows, last = job.sets, recipe.channels_last
    batches = Batches(
        rows.train,
        recipe.batch_size,
        device=recipe.device,
        seed=recipe.seed,
        channels_last=last,
        balanced=recipe.balanced,
    )
    valid = None
    if len(rows.valid):
        size = max(recipe.batch_size, min(MOST_EVALUATED, len(rows.valid)))
        valid = Batches(rows.valid, size, device=recipe.device, shuffle=False, channels_last=last)
    task, shape = job.encoder.task, job.encoder.shape()
    return Setup(assemble(recipe, task, shape, steps_per_epoch=len(batches)), batches, valid)


def learn(job: Job, setup: Setup, checkpoints: Path, *, watched: bool) -> list[dict[str, Any]] | None:
    """Train, safe from interruptions.

    Args:
        job: whose record is told what happens.
        setup: what is trained.
        checkpoints: directory of its own.
        watched: whether the doctor looks.

    Returns:
        What the doctor found; None where it did not look.
    """
    training, progress, recipe = setup.training, job.progress, job.recipe
    with ExitStack() as stack:
        saver = SaveCheckpoint(checkpoints, seconds=job.config.save_every)
        if job.resumed and Checkpoints(checkpoints):
            for note in saver.checkpoints.load(training):
                progress.said(note)
        doctor = _doctor(job.directory, job.record, training, progress) if watched else None
        if doctor is not None:
            stack.enter_context(doctor)
        # Reporting is first, and so told last at the end.
        reporting = Reporting(progress, recipe.epochs, len(setup.batches), doctor)
        callbacks: list[Callback] = [reporting, EarlyStopping(recipe.patience), saver, StopOnInterrupt()]
        try:
            with timed(job.record.seconds, "train"):
                train(training, setup.batches, setup.valid, epochs=recipe.epochs, callbacks=callbacks)
        except BaseException as error:
            job.record.status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            with suppress(UsageError):  # a full disk would hide the error
                job.record.write(job.directory)
            raise
        diagnosis = doctor.look() if doctor is not None else None
    if diagnosis is None:
        return None
    return [
        {"rule": item.rule, "code": item.code, "group": item.group, "message": item.message}
        for item in diagnosis.findings
    ]


def conclude(job: Job, outcome: Outcome) -> Fitted:
    """Keep what was learnt and judge it."""
    directory, record, sets = job.directory, job.record, job.sets
    interrupted = outcome.stop == "interrupted"
    job.progress.ended(
        "stopped; now judging what was learnt (Ctrl-C again leaves at once)" if interrupted else outcome.why
    )
    record.history = outcome.history
    fitted = Fitted(directory, record, watched=outcome.findings is not None)
    _publish(outcome.weights, directory / WEIGHTS)
    record.write(directory)
    network = fitted.network = load(directory)
    record.verdict = {"stop": outcome.stop, **outcome.facts}
    with timed(record.seconds, "judge"):
        _decide(job, network)
        if len(sets.valid):
            fitted.verdict = _verdict(network, sets)
            record.verdict |= fitted.verdict.as_dict()
        if len(sets.test):
            record.verdict["test"] = network.evaluate(sets.test).metrics
        if record.members:
            record.verdict["runs"] = judge_members(network, record.members, sets.valid, sets.test)
    if outcome.findings is not None:
        record.verdict["findings"] = outcome.findings
        job.progress.found([item["rule"] for item in outcome.findings])
    record.status = "interrupted" if interrupted else "finished"
    record.write(directory)
    return fitted


def _decide(job: Job, network: Network) -> None:
    """Choose the threshold, and keep it and the shares of the classes where the network finds them."""
    record, recipe, sets, task = job.record, job.recipe, job.sets, network.task
    trained = sets.original.target
    assert trained is not None and sets.train.target is not None
    if task.kind == "classes":
        rows, now = (
            np.bincount(ids, minlength=task.outputs).tolist() for ids in (trained, sets.train.target)
        )
        if job.sets.before is not None or recipe.balanced or recipe.class_weights is not None:
            learnt = learnt_shares(now, recipe.class_weights, balanced=recipe.balanced)
            record.imbalance |= {"rows": rows, "learnt": learnt}
    asked = job.config.threshold
    wanted = len(sets.valid) > 0 and fixed(asked) is None
    outputs = network.outputs(sets.valid) if wanted else None
    decision, choice = choose_threshold(asked, task, trained, outputs, sets.valid.target)
    if decision is not None:
        record.imbalance["threshold"] = decision.as_dict()
    if choice is not None:
        others = [each for each in record.choices if each["name"] != choice.name]
        record.choices = [*others, asdict(choice)]
        job.progress.chose(choice)
    network.record.imbalance = record.imbalance


def _regularised(training: Training) -> dict[str, str]:
    """What regularisers came to, where there is something to tell."""
    return {"regularised": training.regularised} if training.regularised else {}


def _verdict(network: Network, sets: Sets) -> Verdict:
    train = sets.original  # resampled rows would tell nothing of how uneven the classes are
    assert train.target is not None and sets.valid.target is not None
    stick = quick.measure(network.task.kind, train.inputs, train.target, sets.valid.inputs, sets.valid.target)
    return judge(network.evaluate(sets.valid).metrics[stick.metric], stick, len(sets.valid))


def _publish(weights: dict[str, Any], target: Path) -> None:
    """Write weights so that the file is there in full or not at all."""
    try:
        publish(target, safetensors.save(weights))
    except OSError as error:
        raise UsageError(
            f"{target} cannot be written ({error.strerror or error}); the last checkpoint stays: make room, "
            f"then `gradwise fit --resume {target.parent}`."
        ) from error


def _doctor(directory: Path, record: Record, training: Training, progress: Listener) -> Doctor | None:
    """Who watches; None, and a word about it, where nothing can be recorded."""
    name = Path(record.data["paths"][0]).name
    try:
        *earlier, place = _trace_directories(directory)
        return Doctor(place, training.model, training.optimizer, name, earlier)
    except TraceError as error:
        progress.said(f"the doctor cannot watch: {error}")
        return None


def _trace_directories(directory: Path) -> list[Path]:
    """Where the doctor recorded so far, and last where it will: after a resume within the run directory."""
    places, number = [directory], 1
    while (places[-1] / "trace.sqlite").exists():
        number += 1
        places.append(directory / f"part-{number}")
    return places
