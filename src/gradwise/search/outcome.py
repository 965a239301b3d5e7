"""What a search came to: the best trials, what mattered, and a file of settings for `gradwise fit`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from gradwise.errors import UsageError
from gradwise.search.confirming import Confirmation
from gradwise.search.listener import TrialNews
from gradwise.search.sampling import quietly
from gradwise.search.study import PUT_BACK, why
from gradwise.train.files import publish
from gradwise.train.metrics import SMALLER_IS_BETTER

FEW_TRIALS = 20  # finished ones; importances of fewer change with every trial
TREES = 32  # of the forest that importances are read from

_STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """What a search came to.

    Args:
        directory: of the search.
        study: its name.
        storage: where the study is, without its password.
        metric: the objective.
        epochs: of every trial, at most.
        fixed: settings that were the same in all trials.
        trials: in the order of their numbers.
        best: the winner on the validation rows; None: no trial was finished.
        default: the trial with fit's own defaults; None: it was not finished.
        confirmation: winner against default; None: not made, or nothing to compare.
        notes: sentences on what could not be told.
        importances: share of the variance of the objective, by setting.
        best_file: settings of the winner for `gradwise fit --config`; None without a winner.
        command: that fits with them.
        interrupted: the search was broken off.
        others: trials that other workers are training.
    """

    directory: Path
    study: str
    storage: str
    metric: str
    epochs: int
    fixed: Mapping[str, Any]
    trials: tuple[TrialNews, ...]
    best: TrialNews | None = None
    default: TrialNews | None = None
    confirmation: Confirmation | None = None
    notes: tuple[str, ...] = ()
    importances: Mapping[str, float] = field(default_factory=dict)
    best_file: Path | None = None
    command: str = ""
    interrupted: bool = False
    others: int = 0

    def ranked(self) -> list[TrialNews]:
        """Finished trials, the best first."""
        return sorted(
            (each for each in self.trials if each.state == "complete"),
            key=lambda each: rank(each, self.metric),
        )

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        document = {name: getattr(self, name) for name in _PLAIN}
        return {
            **document,
            "directory": str(self.directory),
            "fixed": dict(self.fixed),
            "importances": dict(self.importances),
            "trials": [asdict(each) for each in self.trials],
            "best": asdict(self.best) if self.best else None,
            "default": asdict(self.default) if self.default else None,
            "confirmation": self.confirmation.as_dict() if self.confirmation else None,
            "best_file": str(self.best_file) if self.best_file else None,
            "notes": list(self.notes),
        }


_PLAIN = ("study", "storage", "metric", "epochs", "command", "interrupted", "others")


def rank(news: TrialNews, metric: str) -> tuple[float, float, int]:
    """Sorts the best first: by the objective, then by the validation loss, then the earlier one."""
    value = news.value if news.value is not None else float("nan")
    sign = 1.0 if metric in SMALLER_IS_BETTER else -1.0
    loss = news.loss if news.loss is not None else float("inf")
    return (sign * value if value == value else float("inf"), loss, news.number)


def news_of(trial: FrozenTrial) -> TrialNews:
    """A trial of optuna as it is told."""
    told = trial.user_attrs.get("told", {})
    default = "default" in trial.user_attrs
    state = _STATES.get(trial.state, "running")
    reason = why(trial)
    if state == "failed" and reason in ("", *PUT_BACK):
        state, reason = "dropped", reason or "its process ended"
    return TrialNews(
        number=trial.number,
        state=state,
        value=trial.value if trial.state == TrialState.COMPLETE else told.get("value"),
        settings=told.get("settings", {} if default else trial.params),
        default=default,
        epochs=int(told.get("epochs", 0)),
        seconds=float(told.get("seconds", 0.0)),
        loss=told.get("loss"),
        why=reason,
    )


def news_of_all(study: optuna.Study) -> tuple[TrialNews, ...]:
    """All trials that were begun, in the order of their numbers."""
    trials = study.get_trials(deepcopy=False)
    return tuple(news_of(trial) for trial in trials if trial.state != TrialState.WAITING)


def importances(study: optuna.Study) -> tuple[dict[str, float], str]:
    """Share of each setting in how the objective varies (fANOVA), largest first, and a note on few trials.

    Hutter, Hoos, Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", ICML 2014.
    Settings that only some trials had are left out.
    """
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < 2 or len({trial.value for trial in done}) < 2:
        return {}, "importances need two finished trials that differ in their score"
    try:
        with quietly():
            found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(n_trees=TREES, seed=0))
    except (ValueError, RuntimeError) as error:  # e.g. no setting is in all trials
        return {}, f"importances cannot be told: {error}"
    note = ""
    if len(done) < FEW_TRIALS:
        note = (
            f"importances of {len(done)} whole trials change with every other one; take {FEW_TRIALS} or more"
        )
    return {name: float(share) for name, share in found.items()}, note


def write_settings(file: Path, settings: Mapping[str, Any], target: Sequence[str] | None, head: str) -> None:
    """Write settings as `gradwise fit --config` reads them, in full or not at all.

    Raises:
        UsageError: the file cannot be written.
    """
    lines = [f"# {line}" for line in head.splitlines()]
    lines += [f"target = {_toml(list(target))}"] if target else []
    lines += [f"{name} = {_toml(value)}" for name, value in settings.items()]
    try:
        publish(file, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror or error}); make room.") from error


def _toml(value: Any) -> str:
    """A value as TOML writes it; JSON's strings, numbers and lists are TOML's too."""
    if isinstance(value, float):
        return repr(value) if "." in repr(value) or "e" in repr(value) else f"{value!r}.0"
    return json.dumps(value, ensure_ascii=False)
