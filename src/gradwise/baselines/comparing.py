"""Classical models side by side: cross-validated, their settings searched within the training rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from gradwise.baselines import folds as parting
from gradwise.baselines.collection import check_names, choose, parse
from gradwise.baselines.features import encoder_for, target_values
from gradwise.baselines.folds import Fold, Order, split_folds
from gradwise.baselines.guessing import GUESSING
from gradwise.baselines.listening import Listener
from gradwise.baselines.results import Comparison, Entry, entry_of, rank
from gradwise.baselines.scoring import AUTO, check_metric, choose_metric
from gradwise.baselines.trial import Contender, Trial
from gradwise.baselines.working import State, Work, carry_out
from gradwise.data.examples import Choice, Source
from gradwise.data.opening import open_source
from gradwise.data.splitting import split
from gradwise.errors import UsageError
from gradwise.registry import split_names

SECONDS = 120.0  # of a whole comparison
Names = str | Iterable[str]


@dataclass(frozen=True, slots=True)
class Beside:
    """A fitted network that the models are set beside, on its own validation rows.

    Args:
        name: of its run.
        metric: by which it was judged.
        score: on its validation rows.
        fingerprint: of its data.
        valid: share of rows for validation.
        test: share of rows for the test.
        seed: of its split.
    """

    name: str
    metric: str
    score: float
    fingerprint: str
    valid: float
    test: float
    seed: int


def compare(  # noqa: PLR0913  its parameters are the options of the command
    data: str | Path | Sequence[str | Path],
    *,
    target: str | Sequence[str] | None = None,
    only: Names = (),
    skip: Names = (),
    folds: int | None = None,
    metric: str = AUTO,
    seconds: float = SECONDS,
    seed: int = 0,
    listener: Listener | None = None,
    beside: Beside | None = None,
    **reading: Any,
) -> Comparison:
    """Cross-validate classical models on data of any kind, and rank them.

    Whatever is fitted (gaps, categories, scaling, vocabulary, settings) is fitted to the training rows of a
    fold alone.  Settings are searched within them by a cross-validation of their own.

    Args:
        data: file, folder, pattern or several, as `gradwise fit` takes them.
        target: column or columns to be predicted.
        only: names of models, see `BASELINES`; () for all that suit the target.
        skip: names of models to be left out.
        folds: of the cross-validation; None: 5, or as many as there are groups.
        metric: ``accuracy``, ``balanced-accuracy``, ``f1``, ``roc-auc``, ``r2``, ``rmse``, ``mae``, ``auto``.
        seconds: for everything; every model gets its share.
        seed: of folds and of what models draw.
        listener: hears how it goes.
        beside: a fitted network to be compared with.
        **reading: ``time``, ``group``, ``ids``, ``text``, ``drop``, ``series``, ``task``, ``image_size``; see
            `gradwise.data.opening.open_source`.

    Raises:
        UsageError: data or settings that cannot be used.
        UnknownNameError: a model or metric that does not exist.
    """
    begin = perf_counter()
    listener = Listener() if listener is None else listener
    _check(only, skip, folds, metric, seconds)
    exact = beside is None  # a network read its data rounded, and its fingerprint is of that
    source = open_source(data, target=target, exact=exact, **reading)
    listener.read(source.describe())
    work, choices = prepare(source, only, skip, folds, metric, seed, beside)
    for choice in choices:
        listener.chose(choice)
    state = State(begin + seconds)
    try:
        carry_out(work, state, listener)
    except KeyboardInterrupt:
        state.interrupted = True
    listener.ended()
    return _outcome(work, state, [*choices, *state.choices], beside, perf_counter() - begin)


def _check(only: Names, skip: Names, folds: int | None, metric: str, seconds: float) -> None:
    """Refuse what is wrong before anything is read."""
    check_metric(metric)
    check_names([*split_names(only), *split_names(skip)])
    if folds is not None and not 2 <= folds <= parting.MOST:
        raise UsageError(f"--folds takes a whole number from 2 to {parting.MOST}, not {folds}.")
    if not (seconds > 0 and math.isfinite(seconds)):
        raise UsageError(f"--seconds takes a number above 0, not {seconds:g}.")


def prepare(
    source: Source,
    only: Names,
    skip: Names,
    folds: int | None,
    metric: str,
    seed: int,
    beside: Beside | None,
) -> tuple[Work, list[Choice]]:
    """What is to be done, and the choices made for it.

    Raises:
        UsageError: see `compare`.
    """
    order = Order.of(source)
    parts, cut = split_folds(order, _count(order, folds), seed)
    encoder = encoder_for(source, np.arange(len(source)))  # tells what is wrong with the whole
    kind = encoder.task.kind
    target = target_values(source, encoder)
    if beside is not None:
        metric = _metric_of_run(metric, beside)
    chosen, why = choose_metric(metric, kind, target)
    names = choose(kind, only, skip)
    contenders = [Contender(GUESSING.name, GUESSING, {}), *(Contender(name, *parse(name)) for name in names)]
    counted = len(parts)
    if beside is not None:
        parts.append(_fold_of_run(source, beside))
    balanced = chosen.name == "balanced-accuracy"
    choices = [choice for choice in encoder.choices if choice.name not in ("scale", "categories")]
    choices += [Choice("metric", chosen.name, why), cut]
    if balanced:
        choices.append(Choice("class-weights", "balanced", "classes count the same, as in the metric"))
    return Work(source, target, kind, chosen, parts, counted, contenders, seed, balanced), choices


def _count(order: Order, folds: int | None) -> int:
    """Folds asked for; else the usual number, or one for each group where they are fewer."""
    if folds is not None:
        return folds
    groups = parting.USUAL if order.groups is None else len(np.unique(order.groups))
    return max(2, min(parting.USUAL, groups))


def _metric_of_run(metric: str, beside: Beside) -> str:
    judged = check_metric(beside.metric)
    if check_metric(metric) not in (AUTO, judged):
        raise UsageError(f"{beside.name} was judged by {judged}; leave --metric out, or --run.")
    return judged


def _fold_of_run(source: Source, beside: Beside) -> Fold:
    if source.fingerprint() != beside.fingerprint:
        raise UsageError(f"{beside.name} was fitted to other data or read it otherwise; give the same data.")
    parts = split(source, valid=beside.valid, test=beside.test, seed=beside.seed)
    if not len(parts.valid):
        raise UsageError(f"{beside.name} has no validation rows to compare on; leave --run out.")
    return Fold(parts.train, parts.valid)


def _outcome(
    work: Work, state: State, choices: list[Choice], beside: Beside | None, seconds: float
) -> Comparison:
    """All that was done, ranked."""
    entries = []
    for contender in work.contenders:
        trials = state.trials.get(contender.name, {})
        counted = {fold: trial for fold, trial in trials.items() if fold < work.counted}
        entry = entry_of(contender.name, counted, work.counted, state.notes.get(contender.name, []))
        entries.append((entry, trials))
    ranked = rank(
        [entry for entry, _ in entries],
        work.metric,
        float(np.mean(state.ratios)) if state.ratios else math.nan,
        1 / state.tested if work.metric.share and state.tested else 0.0,
    )
    if beside is not None:
        ranked = [_with_run(entry, state.trials.get(entry.name, {}), work.counted) for entry in ranked]
    return Comparison(
        metric=work.metric.name,
        rises=work.metric.rises,
        kind=work.kind,
        rows=len(work.source),
        folds=work.counted,
        entries=ranked,
        choices=choices,
        notes=list(state.said),
        seconds=seconds,
        interrupted=state.interrupted,
        run={} if beside is None else {"name": beside.name, "score": beside.score},
    )


def _with_run(entry: Entry, trials: dict[int, Trial], place: int) -> Entry:
    return replace(entry, on_run=trials[place].score if place in trials else math.nan)
