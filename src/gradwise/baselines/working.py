"""Carrying out a comparison: fold by fold every model, each within its share of the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

from gradwise.baselines.baseline import Case, Kind
from gradwise.baselines.features import Features, encoder_for, features, most_rows
from gradwise.baselines.folds import Fold, Order, sample
from gradwise.baselines.guessing import GUESSING
from gradwise.baselines.listening import Listener
from gradwise.baselines.planning import make_plan
from gradwise.baselines.scoring import Metric
from gradwise.baselines.trial import FAULTS, Contender, Part, Plan, Trial, run
from gradwise.data.examples import Array, Choice, Source
from gradwise.errors import UsageError

MOST_TESTED = 10_000  # rows of a fold that are predicted; an accuracy is then known to ± 0.01 (95 %)
ENCODING = 0.2  # share of the time that turning rows into features may take
ENCODED_FIRST = 20_000  # rows, of more than twice as many, that are encoded to see how long all would take
FEWEST = 1_000  # training rows of a fold, however little time there is
LONGEST_FAULT = 160  # letters of what scikit-learn says


@dataclass(frozen=True, slots=True)
class Work:
    """All that is to be done.

    Args:
        source: the data.
        target: of all rows.
        kind: of the target.
        metric: of all scores.
        folds: the last of them that of the run beside, where there is one.
        counted: folds that count in the ranking.
        contenders: guessing first.
        seed: of everything random.
        balanced: classes weigh the same.
    """

    source: Source
    target: Array
    kind: Kind
    metric: Metric
    folds: list[Fold]
    counted: int
    contenders: list[Contender]
    seed: int
    balanced: bool


@dataclass(slots=True)
class State:
    """What is done so far.

    Args:
        deadline: when the time is up.
        trials: by name and fold.
        plans: by name.
        notes: by name.
        faults: models that cannot take these rows.
        costs: seconds of a fold, by name.
        choices: of making features.
        said: what holds for all.
        ratios: test rows over training rows of every fold.
        tested: test rows of the largest fold.
        encoding: seconds in which the last fold was turned into features.
        rows: training rows of a fold that there is time to encode; 0: not known yet.
        interrupted: by Ctrl-C.
    """

    deadline: float
    trials: dict[str, dict[int, Trial]] = field(default_factory=dict)
    plans: dict[str, Plan] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)
    costs: dict[str, float] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    tested: int = 0
    encoding: float = 0.0
    rows: int = 0
    interrupted: bool = False

    def left(self) -> float:
        """Seconds."""
        return self.deadline - perf_counter()

    def note(self, name: str, text: str) -> None:
        """Keep a note of a model, once."""
        notes = self.notes.setdefault(name, [])
        if text and text not in notes:
            notes.append(text)


def carry_out(work: Work, state: State, listener: Listener) -> None:
    """Fold by fold, every model; what has no time left is left out."""
    pairs = len(work.folds) * len(work.contenders)
    for number, fold in enumerate(work.folds):
        if number and state.left() <= 0:
            break
        begin = perf_counter()
        listener.moved(number * len(work.contenders), pairs, f"fold {number + 1}: rows")
        part = _part(work, state, number, fold)
        if part is None:
            continue
        state.encoding = perf_counter() - begin
        for place, contender in enumerate(work.contenders):
            listener.moved(
                number * len(work.contenders) + place, pairs, f"fold {number + 1}: {contender.name}"
            )
            if contender.name not in state.faults:
                attempt(work, state, contender, part, number)
    listener.moved(pairs, pairs, "done")


def _part(work: Work, state: State, number: int, fold: Fold) -> Part | None:
    """A fold as features; None where its training rows teach nothing."""
    source, seed = work.source, work.seed
    strata = source.strata()
    quick = _some(fold.train, _soon(work, state, fold), strata, seed)
    try:
        encoder = encoder_for(source, quick)
        train = _some(quick, most_rows(encoder), strata, seed)
        test = _some(fold.test, MOST_TESTED, strata, seed)
        made = features(source, encoder, train, test)
    except UsageError as error:
        if number == 0:
            raise
        state.said.append(f"fold {number + 1} is left out: {error}")
        return None
    if number == 0:
        state.choices += made.choices
        _tell_samples(state, fold, train, test)
    if number < work.counted:
        state.ratios.append(len(test) / len(train))
        state.tested = max(state.tested, len(test))
    order = Order.of(source).take(train)
    case = _case(work, made, len(train))
    return Part(made, work.target[train], work.target[test], order, case, work.metric)


def _some(rows: Array, most: int, strata: Array | None, seed: int) -> Array:
    return rows[sample(len(rows), most, None if strata is None else strata[rows], seed)]


def _soon(work: Work, state: State, fold: Fold) -> int:
    """Training rows that can be encoded in `ENCODING` of the time that is left, by encoding some first."""
    if len(fold.train) <= 2 * ENCODED_FIRST:
        return len(fold.train)
    if state.rows:
        return state.rows
    some = _some(fold.train, ENCODED_FIRST, None, work.seed)
    begin = perf_counter()
    features(work.source, encoder_for(work.source, some), some, some)
    row = (perf_counter() - begin) / (2 * len(some))
    able = int(ENCODING * state.left() / (row * len(work.folds)))
    state.rows = max(FEWEST, min(able - MOST_TESTED, len(fold.train)))
    return state.rows


def _tell_samples(state: State, fold: Fold, train: Array, test: Array) -> None:
    if len(train) < len(fold.train):
        state.said.append(
            f"{len(train):,} of {len(fold.train):,} training rows of a fold are used, drawn by chance: more "
            "would take too long to encode, or too much memory"
        )
    if len(test) < len(fold.test):
        state.said.append(
            f"{len(test):,} of {len(fold.test):,} test rows of a fold are predicted, drawn by chance"
        )


def _case(work: Work, made: Features, rows: int) -> Case:
    outputs = work.target.shape[1] if work.target.ndim > 1 else 1
    return Case(
        work.kind, rows, made.columns, outputs, words=made.words, flags=made.flags, balanced=work.balanced,
        seed=work.seed,
    )  # fmt: skip


def attempt(work: Work, state: State, contender: Contender, part: Part, number: int) -> None:
    """One model on one fold, within its share of the time."""
    name = contender.name
    refused = contender.model.refuses(part.case, contender.options)
    if refused:
        _give_up(state, name, f"left out: {refused}")
        return
    share = _share(work, state, name, number)
    if state.left() <= 0 and contender.model is not GUESSING:
        if name not in state.trials:
            state.note(name, "no time was left for it")
        return
    begin = perf_counter()
    try:
        if contender.model is GUESSING:
            state.plans[name] = Plan()
        elif name not in state.plans:
            state.plans[name], told = make_plan(contender, part, share)
            _tell_plan(state, contender, part, told)
        stop = begin + share
        trial = run(contender, part, state.plans[name], lambda took: perf_counter() + took > stop)
    except FAULTS as error:
        _give_up(state, name, f"could not be fitted: {_first_line(error)}")
        return
    took = perf_counter() - begin
    state.costs[name] = took
    done = Trial(
        trial.score, trial.setting, trial.rows, took, trial.tried, trial.of, trial.stopped, trial.restless
    )
    state.trials.setdefault(name, {})[number] = done


def _share(work: Work, state: State, name: str, number: int) -> float:
    """Seconds for a model on this fold: at first an even share of what is left, later as it took before."""
    folds = len(work.folds) - number
    waiting = [each.name for each in work.contenders if each.name not in state.faults]
    left = state.left() - (folds - 1) * state.encoding
    if name not in state.costs:
        known = sum((folds - 1) * state.costs[each] for each in waiting if each in state.costs)
        unknown = sum(each not in state.costs for each in waiting)
        return max(0.0, (left - known) / (unknown * folds))
    after = waiting[waiting.index(name) :]
    due = sum(state.costs.get(each, 0.0) for each in after)
    due += (folds - 1) * sum(state.costs.get(each, 0.0) for each in waiting)
    return max(0.0, left * state.costs[name] / max(due, 1e-9))


def _tell_plan(state: State, contender: Contender, part: Part, told: str) -> None:
    rows, there = state.plans[contender.name].rows, len(part.target)
    if 0 < rows < there:
        state.note(contender.name, f"learnt from {rows:,} of {there:,} rows")
    state.note(contender.name, told)
    state.note(contender.name, contender.model.variant(part.case, contender.options))


def _give_up(state: State, name: str, why: str) -> None:
    state.faults.add(name)
    state.note(name, why)


def _first_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST_FAULT else text[: LONGEST_FAULT - 1] + "…"
