"""Hyper-parameter search trains a net per trial, learns where good settings lie, and gives up bad ones early.

What it is
    A search over settings (width, depth, dropout, learning rate, decay, norm ...) whose every trial is a
    training, judged on the validation rows. The tree-structured Parzen estimator (TPE) splits the trials so
    far into the best few and the rest, estimates a density of the settings in each, and tries next what is
    likely among the good and unlikely among the bad. Settings are taken together (multivariate), and trials
    that others are running count as bad ones (constant liar), so that several workers spread out. A pruner
    compares a trial's score with those of others at the same epoch and gives up what is worse than their
    median.

Also called
    tpe, hyperparameter-search, hyper-parameter-optimization, hpo, architecture-search

Formula
    y* is the score that a share γ of the trials beats
    l(x) = p(x | y better than y*), g(x) = p(x | y not better)
    next x = argmax l(x) / g(x), of some candidates drawn from l
    pruned at epoch e when the best score up to e is worse than the median over the trials that reached e

Shapes
    trials: (T, settings) to (T,) scores; a setting is a category, a whole number or a number, linear or log

Defaults
    the first trial is fit's own defaults, so that the gain over them is always known
    10 random trials before TPE takes over, γ T = min(0.1 T, 25) good ones, 24 candidates (optuna's own)
    median pruning after 5 whole trials and a quarter of the epochs (one-cycle's rate rises in the first 30 %)
    3 fresh seeds each of winner and default at the end, on test rows that no trial saw (a fifth of all)
    ranges by kind of data, each with its source (`gradwise.search.default_space`)

When
    A training takes minutes at most, some twenty of them can be paid for, and a per cent of the score is
    worth it. The learning rate, the width and the regularisation matter most, and are what to search first.

When not
    With few validation rows: the best of many noisy scores is mostly luck, which shows in the confirmation.
    Where one training takes days: change one thing at a time, by what the doctor says.
    Instead of more data, or of cleaning it.

Confused with
    A grid tries all combinations, and wastes most trials on settings that do not matter; random search does
    not, and learns nothing from its trials either. A range test finds one learning rate within one training.
    Early stopping ends a training that gets no better; pruning ends one that is worse than others were.

Example
    >>> import optuna
    >>> from gradwise.search.sampling import SeededTPE, quietly
    >>> def bowl(trial):
    ...     return (trial.suggest_float("x", -10, 10) - 2) ** 2
    >>> with quietly():
    ...     study = optuna.create_study(sampler=SeededTPE(seed=0))
    ...     study.optimize(bowl, n_trials=40)
    >>> abs(study.best_params["x"] - 2) < 0.5
    True

Claims
    The winner's validation score is optimistic, the more trials the more; only rows and seeds that no trial
    saw tell what it is worth.

References
    James Bergstra, Rémi Bardenet, Yoshua Bengio, Balázs Kégl, "Algorithms for Hyper-Parameter Optimization",
    NeurIPS 2011.
    James Bergstra, Yoshua Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13, 2012.
    Takuya Akiba, Shotaro Sano, Toshihiko Yanase, Takeru Ohta, Masanori Koyama, "Optuna: A Next-generation
    Hyperparameter Optimization Framework", 1907.10902.
    Lisha Li, Kevin Jamieson, Giulia DeSalvo, Afshin Rostamizadeh, Ameet Talwalkar, "Hyperband: A Novel
    Bandit-Based Approach to Hyperparameter Optimization", 1603.06560.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from gradwise.errors import UsageError
from gradwise.search.dimension import DEFAULT
from gradwise.search.interrupts import Interrupts
from gradwise.search.lab import Lab, Trained
from gradwise.search.listener import SearchListener, Standing, TrialNews
from gradwise.search.outcome import news_of, rank
from gradwise.search.sampling import quietly, suggest
from gradwise.search.space import Space
from gradwise.search.study import PUT_BACK, counts, drop_dead, mark_process, put_back, why
from gradwise.search.watching import OUT_OF_TIME, PRUNED, Watching
from gradwise.train.config import FitConfig

FAILED_FIRST = 5  # trials that all fail, with none that does not: the fault lies elsewhere
LEAST_SHARE = 0.5  # of the time goes to trials, however long the confirmation will take


class TrialFailedError(Exception):
    """A trial that ended without a score; why is written in the study."""


@dataclass
class Search:
    """Trials of one worker, until there are enough or time is up.

    Args:
        lab: trains.
        study: keeps the trials.
        space: what is searched.
        fixed: settings of all trials, epochs included.
        metric: the objective.
        net: where the space has none.
        trials: of all workers together; None: as many as there is time for.
        seconds: of this worker, with the confirmation; None: no limit.
        confirmations: trainings of the winner at the end, and as many of the default.
        listener: hears how it goes.
        interrupts: of this worker.
    """

    lab: Lab
    study: optuna.Study
    space: Space
    fixed: Mapping[str, Any]
    metric: str
    net: str
    trials: int | None
    seconds: float | None
    confirmations: int
    listener: SearchListener
    interrupts: Interrupts
    begin: float = field(default_factory=time.monotonic)
    _number: int = -1
    _stood: Standing = field(init=False)

    def run(self) -> None:
        """Run trials.

        Raises:
            KeyboardInterrupt: the trial under way is put back, the study is kept.
            UsageError: every trial fails, or the study can no longer be written.
        """
        drop_dead(self.study)
        try:
            with quietly():
                while not self._enough():
                    self.interrupts.check()
                    self._one()
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            reason = str(getattr(error, "orig", None) or error.__cause__ or error).splitlines()[0]
            raise UsageError(
                f"the study can no longer be written ({reason}); all trials before are kept, go on with "
                "--resume."
            ) from error

    def config(self, settings: Mapping[str, Any], **more: Any) -> FitConfig:
        """Everything that a training is told."""
        own = {name: value for name, value in settings.items() if value != DEFAULT}
        return FitConfig.make({**self.fixed, **own, **more, "doctor": False})

    def _one(self) -> None:
        self._number = -1
        try:
            self.study.optimize(self._objective, n_trials=1, catch=(TrialFailedError,))
        except KeyboardInterrupt:
            if self._number >= 0:  # it had begun
                self._end()
            raise
        self._end()

    def _end(self) -> None:
        trials = self._trials()
        mine = trials[self._number]
        if why(mine) in PUT_BACK:
            put_back(self.study, mine)
        self.listener.trial_ended(news_of(mine), self.standing(trials))
        _check_failures(trials)

    def _trials(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _objective(self, trial: optuna.Trial) -> float:
        """Train a net with the trial's settings; its score."""
        self._number = trial.number
        mark_process(trial)
        drawn = suggest(trial, self.space, net=self.net, kind=self.lab.kind)
        default = trial.user_attrs.get("default")
        settings: dict[str, Any] = dict(drawn) if default is None else dict(default)
        told: dict[str, Any] = {"settings": settings}
        try:
            with self.interrupts.allowed():
                trained = self._train(trial, settings, prune=default is None)
            value = self._judge(trained, told)
        except KeyboardInterrupt:
            told["why"] = "interrupted"
            raise
        except TrialFailedError as error:
            told["why"] = str(error)
            raise
        except Exception as error:  # a trial may fail in any way: no memory, settings that do not go together
            told["why"] = _clause(error)
            raise TrialFailedError from error
        finally:
            trial.set_user_attr("told", told)
            self._free()
        if trained.stop == PRUNED:
            raise optuna.TrialPruned
        return value

    def _train(self, trial: optuna.Trial, settings: Mapping[str, Any], *, prune: bool) -> Trained:
        config = self.config(settings)
        epochs = config.epochs or 1
        standing = self._stood

        def moved(epoch: int) -> None:
            self.listener.trial_moved(trial.number, epoch, epochs, standing)

        moved(0)
        watching = Watching(
            trial=trial if prune else None,
            metric=self.metric,
            epochs=epochs,
            deadline=self._deadline(standing),
            moved=moved,
            deferred=self.interrupts.deferred,
        )
        return self.lab.train(config, [watching])

    def _judge(self, trained: Trained, told: dict[str, Any]) -> float:
        """The score of the best epoch, with everything written down that is told of a trial."""
        told |= {"epochs": trained.epochs, "seconds": round(trained.seconds, 3), "rate": trained.recipe.rate}
        if trained.stop == OUT_OF_TIME:
            raise TrialFailedError(OUT_OF_TIME)
        if trained.best is None:
            raise TrialFailedError(trained.stop or "it ended no epoch")
        value, loss = trained.best.value(self.metric), trained.best.value("loss")
        if value != value:
            raise TrialFailedError(f"{self.metric} is not a number")
        told |= {"value": value, "loss": loss, "best_epoch": trained.best.epoch}
        return value

    def _free(self) -> None:
        """Give back an accelerator's memory, which a trial that failed for want of it still holds."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def standing(self, trials: Sequence[FrozenTrial] | None = None) -> Standing:
        """How far the search is, by all workers; of these trials, or of all that there are now."""
        trials = self._trials() if trials is None else trials
        done = sum(counts(trial) and trial.state != TrialState.RUNNING for trial in trials)
        complete = [news_of(trial) for trial in trials if trial.state == TrialState.COMPLETE]
        default = next((each for each in complete if each.default), None)
        best = min(complete, key=lambda each: rank(each, self.metric), default=None)
        spent = time.monotonic() - self.begin
        return Standing(done, self.trials, spent, self.seconds, self.metric, best, default)

    def _enough(self) -> bool:
        trials = self._trials()
        if self.trials is not None and sum(map(counts, trials)) >= self.trials:
            return True
        self._stood = self.standing(trials)
        return time.monotonic() >= self._deadline(self._stood)

    def _deadline(self, standing: Standing) -> float:
        """When trials end, by the monotonic clock: early enough for the confirmation."""
        if self.seconds is None:
            return float("inf")
        known: list[TrialNews] = [each for each in (standing.best, standing.default) if each is not None]
        later = self.confirmations * sum(each.seconds for each in known)
        return self.begin + max(LEAST_SHARE * self.seconds, self.seconds - later)


def _check_failures(trials: Sequence[FrozenTrial]) -> None:
    done = [trial for trial in trials if counts(trial) and trial.state != TrialState.RUNNING]
    if len(done) >= FAILED_FIRST and all(trial.state == TrialState.FAIL for trial in done):
        raise UsageError(
            f"the first {len(done)} trials all failed, the last one: {why(done[-1]).rstrip('.')}; change the "
            "space or the fixed settings."
        )


def _clause(error: Exception) -> str:
    """An error in one line."""
    first = next(iter(str(error).strip().splitlines()), "")
    if isinstance(error, UsageError):
        return first
    if isinstance(error, MemoryError) or "out of memory" in first.lower():
        return "out of memory"
    return f"{type(error).__name__}: {first[:200]}".rstrip(": ")
