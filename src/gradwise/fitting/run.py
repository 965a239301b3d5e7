"""One training carried out: by the recipe, watched, kept safe, judged at the end."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from gradwise.baselines import quick
from gradwise.data.examples import Encoder, Examples, Task
from gradwise.errors import UsageError
from gradwise.fitting.assembly import assemble, threads
from gradwise.fitting.doctor import Doctor
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import WEIGHTS, Network, load, own_units
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.record import Record
from gradwise.fitting.reporting import Reporting
from gradwise.fitting.scores import score
from gradwise.fitting.verdict import Verdict, judge
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback, EarlyStopping, SaveCheckpoint, StopOnInterrupt
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.config import FitConfig
from gradwise.train.loop import fit as train
from gradwise.train.training import Training

CHECKPOINTS = "checkpoints"  # under the run directory
MOST_EVALUATED = 4096  # rows in one batch of an evaluation: no gradients, so larger ones fit


@dataclass(frozen=True, slots=True)
class Sets:
    """The three parts as arrays; ``valid`` and ``test`` may be empty."""

    train: Examples
    valid: Examples
    test: Examples


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
    config = FitConfig.make(record.config)
    device = recipe.device
    batches = Batches(
        sets.train, recipe.batch_size, device=device, seed=recipe.seed, channels_last=recipe.channels_last
    )
    valid = None
    if len(sets.valid):
        size = max(recipe.batch_size, min(MOST_EVALUATED, len(sets.valid)))
        valid = Batches(sets.valid, size, device=device, shuffle=False, channels_last=recipe.channels_last)
    with threads(recipe.threads), ExitStack() as stack:
        training = assemble(recipe, encoder.task, encoder.shape(), steps_per_epoch=len(batches))
        saver = SaveCheckpoint(directory / CHECKPOINTS)
        if resumed and Checkpoints(directory / CHECKPOINTS):
            for note in saver.checkpoints.load(training):
                progress.said(note)
        doctor = None
        if config.doctor:
            name = Path(record.data["paths"][0]).name
            doctor = stack.enter_context(
                Doctor(_trace_directory(directory), training.model, training.optimizer, name)
            )
        callbacks: list[Callback] = [EarlyStopping(recipe.patience), saver, StopOnInterrupt()]
        callbacks.append(Reporting(progress, recipe.epochs, len(batches), doctor))
        try:
            train(training, batches, valid, epochs=recipe.epochs, callbacks=callbacks)
        except BaseException:
            record.status = "failed"
            record.write(directory)
            raise
        diagnosis = doctor.look() if doctor is not None else None
    return _conclude(directory, record, encoder, sets, training, diagnosis, progress)


def _conclude(
    directory: Path,
    record: Record,
    encoder: Encoder,
    sets: Sets,
    training: Training,
    diagnosis: Any,
    progress: Listener,
) -> Fitted:
    interrupted = training.stop == "interrupted"
    record.status = "interrupted" if interrupted else "finished"
    record.history = [asdict(row) for row in training.progress.history]
    fitted = Fitted(directory, record, watched=diagnosis is not None)
    if training.stop and not interrupted:
        progress.said(f"stopped after epoch {training.progress.epoch}: {training.stop}")
    state = training.best_weights or training.judged.state_dict()
    weights = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    _publish(weights, directory / WEIGHTS)
    record.write(directory)
    fitted.network = load(directory)
    record.verdict = {"stop": training.stop, "best_epoch": training.progress.best_epoch}
    if len(sets.valid):
        fitted.verdict = _verdict(fitted.network, encoder.task, sets)
        record.verdict |= fitted.verdict.as_dict()
    if len(sets.test):
        record.verdict["test"] = _scores(fitted.network, encoder.task, sets.test)
    if diagnosis is not None:
        record.verdict["findings"] = [
            {"rule": item.rule, "code": item.code, "group": item.group, "message": item.message}
            for item in diagnosis.findings
        ]
        progress.found([item.rule for item in diagnosis.findings])
    record.write(directory)
    return fitted


def _verdict(network: Network, task: Task, sets: Sets) -> Verdict:
    assert sets.train.target is not None and sets.valid.target is not None
    stick = quick.measure(
        task.kind, sets.train.inputs, sets.train.target, sets.valid.inputs, sets.valid.target
    )
    return judge(_scores(network, task, sets.valid)[stick.metric], stick, len(sets.valid))


def _scores(network: Network, task: Task, examples: Examples) -> dict[str, float]:
    assert examples.target is not None
    return score(task, network.outputs(examples), own_units(task, examples.target)).metrics


def _publish(weights: dict[str, Any], target: Path) -> None:
    """Write weights so that the file is there in full or not at all."""
    draft = target.with_suffix(".new")
    try:
        save_file(weights, draft)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(
            f"{target} cannot be written ({error.strerror or error}); the last checkpoint stays, "
            "free some space and resume."
        ) from error


def _trace_directory(directory: Path) -> Path:
    """Where the doctor records: the run directory, or a new one in it after a resume."""
    place, number = directory, 1
    while (place / "trace.sqlite").exists():
        number += 1
        place = directory / f"part-{number}"
    return place
