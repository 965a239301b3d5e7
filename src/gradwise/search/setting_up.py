"""Before the first trial: the data is read, everything that can be wrong is found, the study is opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna

from gradwise import nets
from gradwise.baselines import quick
from gradwise.data.examples import Choice
from gradwise.errors import UsageError
from gradwise.fitting.preparing import prepare
from gradwise.fitting.record import Record
from gradwise.search.checking import check_objective, check_space
from gradwise.search.default_space import default_space
from gradwise.search.interrupts import Interrupts
from gradwise.search.lab import Lab
from gradwise.search.listener import SearchListener
from gradwise.search.record import SearchRecord
from gradwise.search.sampling import NET_OPTIONS, closest
from gradwise.search.space import PACE, Space
from gradwise.search.study import Contract, FirstTrial, open_study
from gradwise.train.config import FitConfig
from gradwise.train.metrics import SMALLER_IS_BETTER
from gradwise.train.plan import Plan

DATABASE = "study.db"
OF_WEIGHTS = ("net", "width", "depth", "activation", "norm")
TEST = 0.2  # of the rows; as many as a fit keeps for validation


@dataclass(frozen=True, slots=True)
class Bench:
    """A search ready to run.

    Args:
        record: what it was told.
        directory: its own.
        storage: address of its database.
        lab: with the data.
        space: what is searched, less what is held fixed.
        fixed: settings of all trials, epochs included.
        metric: the objective.
        plan: of a fit with the fixed settings.
        study: keeps the trials.
    """

    record: SearchRecord
    directory: Path
    storage: str
    lab: Lab
    space: Space
    fixed: dict[str, Any]
    metric: str
    plan: Plan
    study: optuna.Study


def set_up_search(
    record: SearchRecord,
    directory: Path,
    storage: str,
    listener: SearchListener,
    interrupts: Interrupts,
    closing: ExitStack,
) -> Bench:
    """Read the data and open the study, or join it.

    Args:
        record: what the search was told.
        directory: its own.
        storage: address of the database, with its password; "" for a file in the directory.
        listener: hears the choices.
        interrupts: of this worker.
        closing: ends the connections to the database.

    Raises:
        UsageError: data, settings, space or study that cannot be used.
    """
    with interrupts.allowed():
        lab, fingerprint = _read(record, listener)
        space, fixed, plan = _narrow(record, lab)
        check_space(space, lab, fixed, plan.net)
    metric = _objective(record, lab, space, listener)
    if "epochs" not in _settings(record):
        listener.chose(Choice("epochs", str(fixed["epochs"]), "those of the default, for all trials alike"))
    contract = Contract(
        fingerprint=fingerprint,
        target=record.target,
        reading=record.reading,
        fixed={name: value for name, value in fixed.items() if name not in PACE},
        space=space.as_dict(),
        objective=metric,
        prune=record.prune,
        epochs=fixed["epochs"],
    )
    url = storage or f"sqlite:///{directory.absolute() / DATABASE}"
    opened = open_study(
        url,
        record.name,
        contract,
        smaller_is_better=metric in SMALLER_IS_BETTER,
        seed=FitConfig.make(fixed).seed,
        first=_first_trial(lab, space, fixed, plan, listener, interrupts),
    )
    study = closing.enter_context(opened)
    record.write(directory)
    return Bench(record, directory, url, lab, space, fixed, metric, plan, study)


def _read(record: SearchRecord, listener: SearchListener) -> tuple[Lab, str]:
    """The data, read once, and its fingerprint; the test rows are set apart first."""
    if "test" not in record.given:
        reason = "the best of many validation scores is optimistic; these rows tell what it is worth"
        listener.chose(Choice("test", f"{TEST:g}", reason))
    options = {**record.reading, "target": record.target}
    facts = Record(data={"options": options}, config={}, versions={})
    prepared = prepare(facts, record.paths, FitConfig.make(_settings(record)), listener)
    for choice in prepared.choices:
        listener.chose(choice)
    record.reading = {name: facts.data["options"].get(name) for name in record.reading}
    return Lab(prepared, listener), facts.data["fingerprint"]


def _settings(record: SearchRecord) -> dict[str, Any]:
    """The fixed settings, by their names in `FitConfig`."""
    return {"test": TEST, **{name.replace("-", "_"): value for name, value in record.given.items()}}


def _narrow(record: SearchRecord, lab: Lab) -> tuple[Space, dict[str, Any], Plan]:
    """What is left to search, what is fixed, and the plan of a fit with that."""
    fixed = _settings(record)
    plan = lab.plan(FitConfig.make(fixed))
    space = record.read_space
    if space is None:
        space = default_space(lab.kind, batch_size=plan.batch_size, rows=len(lab.sets.train))
        held = space.dimensions.get("net")
        taken = [plan.net] if held is None or "net" in fixed else [str(each) for each in held.samples()]
        space = space.without(name for name in NET_OPTIONS if not lab.any_takes(taken, name))
        if fixed.get("weights") is not None:  # they are of one net
            space = space.without(OF_WEIGHTS)
    space = space.without(fixed)
    fixed |= space.single
    space = space.without(space.single)
    if not space.dimensions:
        raise UsageError("nothing is left to search: every setting of the space is held fixed.")
    plan = lab.plan(FitConfig.make(fixed))
    return space, {**fixed, "epochs": fixed.get("epochs", plan.epochs)}, plan


def _objective(record: SearchRecord, lab: Lab, space: Space, listener: SearchListener) -> str:
    train = lab.sets.original
    assert train.target is not None
    uneven = lab.task.kind == "classes" and quick.unevenness("classes", train.target) > quick.IMBALANCE
    metric, reason = check_objective(record.objective, lab, space, balanced=uneven)
    if reason:
        listener.chose(Choice("objective", metric, reason))
    return metric


def _first_trial(
    lab: Lab,
    space: Space,
    fixed: dict[str, Any],
    plan: Plan,
    listener: SearchListener,
    interrupts: Interrupts,
) -> Callable[[], FirstTrial]:
    """What fit does by itself; its rate is found once, where rates are searched."""

    def first() -> FirstTrial:
        config, default = FitConfig.make(fixed), dict[str, Any]()
        if "rate" in space.dimensions and plan.rate is None:
            with interrupts.allowed():
                default["rate"], reason = lab.rate(config)
            listener.chose(Choice("rate", f"{default['rate']:.2g}", f"of the default trial: {reason}"))
        options = {**nets.options(plan.net, lab.kind), **plan.net_options}
        known = {name: getattr(plan, name, getattr(config, name)) for name in space.dimensions}
        known |= {"width": options.get("units"), **options, **default, "net": plan.net}
        return FirstTrial(closest(space, known, kind=lab.kind), default)

    return first
