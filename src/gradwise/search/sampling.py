"""Which settings a trial tries, and which trials are given up early: optuna's TPE and its pruners."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState

from gradwise import nets
from gradwise.search.dimension import OneOf, Value
from gradwise.search.space import Space

RANDOM_TRIALS = 10  # before TPE has enough to go by; optuna's own number
UNPRUNED_TRIALS = 5  # that are trained to their end before a median means anything; optuna's own number
WARM_UP = (
    0.25  # of the epochs, in which nothing is given up: the rate still rises in the first 30 % of a cycle
)
REPORTS = 20  # times at most that a trial is compared: each is a write to the study
LEAST_SHARE = 1 / 27  # of the epochs: the shortest of Hyperband's brackets, three halvings by 3
PRUNERS = ("median", "hyperband", "no")
NET_OPTIONS = {
    "width": "units",
    "depth": "depth",
    "dropout": "dropout",
    "activation": "activation",
    "norm": "norm",
}


class SeededTPE(BaseSampler):
    """TPE whose draws for a trial depend on the seed, the trial's number and the trials before it alone.

    So a search that was interrupted goes on as it would have, and several workers do not draw alike.
    Multivariate, group by group of settings that belong together; trials that others are running count as bad
    ones (constant liar), so that workers spread out.

    Args:
        seed: of the search.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._inner = self._fresh(0)

    def _fresh(self, number: int) -> TPESampler:
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return TPESampler(
                seed=seed,
                n_startup_trials=RANDOM_TRIALS,
                multivariate=True,
                group=True,
                constant_liar=True,
            )

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Start the random numbers of this trial."""
        self._inner = self._fresh(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The settings that are drawn together."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Settings drawn together."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A setting drawn by itself."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """What TPE does when a trial is over."""
        self._inner.after_trial(study, trial, state, values)


def make_pruner(name: str, epochs: int) -> BasePruner:
    """What gives up trials: ``median``, ``hyperband`` or ``no``."""
    if name == "hyperband":
        least = max(1, round(LEAST_SHARE * epochs))
        return HyperbandPruner(min_resource=least, max_resource=epochs, reduction_factor=3)
    if name == "median":
        return MedianPruner(n_startup_trials=UNPRUNED_TRIALS, n_warmup_steps=round(WARM_UP * epochs))
    return NopPruner()


def takes(net: str, kind: str, name: str) -> bool:
    """Whether a net on this kind of data can be told this setting.

    >>> takes("mlp", "table", "depth"), takes("lstm", "series", "norm"), takes("lstm", "series", "rate")
    (True, False, True)
    """
    if name not in NET_OPTIONS:
        return True
    proper = nets.NETS.name(net)
    return kind in nets.NETS[proper].makers and NET_OPTIONS[name] in nets.options(proper, kind)


def suggest(trial: Trial, space: Space, *, net: str, kind: str) -> dict[str, Value]:
    """Draw the settings of a trial; those that its net does not take are left out.

    Args:
        trial: of optuna.
        space: what is searched.
        net: where the space has none.
        kind: of the data.
    """
    drawn: dict[str, Value] = {}
    for name, held in space.dimensions.items():
        if not takes(str(drawn.get("net", net)), kind, name):
            continue
        if isinstance(held, OneOf):
            value = trial.suggest_categorical(name, held.values)
            assert value is not None  # none is among a space's values
            drawn[name] = value
        elif held.whole:
            step = 1 if held.step is None else int(held.step)
            drawn[name] = trial.suggest_int(name, int(held.low), int(held.high), step=step, log=held.log)
        else:
            drawn[name] = trial.suggest_float(name, held.low, held.high, step=held.step, log=held.log)
    return drawn


def closest(space: Space, settings: Mapping[str, Any], *, kind: str) -> dict[str, Value]:
    """The point of the space that is closest to these settings."""
    found: dict[str, Value] = {}
    for name, held in space.dimensions.items():
        if takes(str(found.get("net", settings["net"])), kind, name):
            found[name] = held.closest(settings.get(name))
    return found


@contextmanager
def quietly() -> Iterator[None]:
    """Within the block optuna logs nothing and warns of no trial: what happened is told by the search."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"optuna\..*")
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
