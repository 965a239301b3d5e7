"""The trials of a search, kept in a database that several processes and machines may write at once."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from gradwise.errors import MissingDependencyError, UsageError
from gradwise.search.sampling import SeededTPE, make_pruner, quietly
from gradwise.trace.process import is_alive, this_process

ATTRIBUTE = "gradwise"  # of a study: what all its trials have in common
BEAT = 15  # seconds between two signs of life of a trial
GRACE = 120  # seconds without one, after which a trial of another machine counts as lost
BUSY = 60  # seconds that a write waits for others to finish theirs
OPENING = 5  # attempts to open a database that another process is just making
MOST_RETRIES = 2  # a trial that ended its process so often (too little memory) is not begun again
PUT_BACK = ("interrupted", "out of time")  # why a trial ended that is begun again and does not count
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
NAMES = {
    "fingerprint": "other data", "target": "another target", "reading": "the data read otherwise",
    "space": "another space", "fixed": "other fixed settings", "objective": "another objective",
    "prune": "another --prune", "epochs": "other epochs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contract:
    """What all trials of a study have in common, wherever they run.

    Args:
        fingerprint: of the data.
        target: columns to predict.
        reading: how the data is read.
        fixed: settings that are the same in all trials, without those of pace.
        space: what is searched, see `Space.as_dict`.
        objective: what trials are compared by.
        prune: how trials are given up.
        epochs: of every trial, at most.
    """

    fingerprint: str
    target: list[str] | None
    reading: dict[str, Any]
    fixed: dict[str, Any]
    space: dict[str, Any]
    objective: str
    prune: str
    epochs: int

    def differs(self, other: Mapping[str, Any]) -> str:
        """What of a study is not as here, as a clause; "" when nothing is."""
        mine = json.loads(json.dumps(self.as_dict()))
        return next((NAMES[name] for name in NAMES if mine[name] != other.get(name)), "")

    def as_dict(self) -> dict[str, Any]:
        """For the study."""
        return {name: getattr(self, name) for name in NAMES}


@dataclass(frozen=True, slots=True)
class FirstTrial:
    """What a fit does by itself.

    Args:
        point: of the space, the closest.
        settings: that it really has beside the fixed ones.
    """

    point: Mapping[str, Any]
    settings: Mapping[str, Any]


class WriteAhead(sqlite3.Connection):
    """A connection that appends to a log, so that a write waits for no disk and readers for no writer.

    What was written outlives the process; a power cut may take the last writes, and nothing else.
    https://www.sqlite.org/wal.html
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        with suppress(sqlite3.OperationalError):  # a file that may only be read tells so later
            self.execute("PRAGMA journal_mode = WAL")
            self.execute("PRAGMA synchronous = NORMAL")


@contextmanager
def open_study(
    url: str,
    name: str,
    contract: Contract,
    *,
    smaller_is_better: bool,
    seed: int,
    first: Callable[[], FirstTrial],
) -> Iterator[optuna.Study]:
    """The study of this name in a database, made where there is none; its connections end with the block.

    Args:
        url: of the database.
        name: of the study.
        contract: what all its trials have in common.
        smaller_is_better: of the objective.
        seed: of the sampler.
        first: makes the trial with fit's own defaults, where the study has none yet.

    Raises:
        UsageError: no such database, or the study is about something else.
        MissingDependencyError: the package that speaks to the database is not installed.
    """
    direction = StudyDirection.MINIMIZE if smaller_is_better else StudyDirection.MAXIMIZE
    pruner = make_pruner(contract.prune, contract.epochs)
    how = {"study_name": name, "sampler": SeededTPE(seed), "pruner": pruner}
    storage = _storage(url)
    try:
        try:
            with quietly():
                study = _found_or_made(storage, {**how, "storage": storage}, direction, contract, first)
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            raise UsageError(f"--storage {shown_url(url)} cannot be used: {_reason(error)}.") from error
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _found_or_made(
    storage: RDBStorage,
    how: dict[str, Any],
    direction: StudyDirection,
    contract: Contract,
    first: Callable[[], FirstTrial],
) -> optuna.Study:
    made = None
    if how["study_name"] not in optuna.get_all_study_names(storage=storage):
        made = first()
        with suppress(optuna.exceptions.DuplicatedStudyError):  # another worker was quicker
            study = optuna.create_study(**how, direction=direction)
            study.set_user_attr(ATTRIBUTE, contract.as_dict())
            _enqueue_first(study, made)
            return study
    study = optuna.load_study(**how)
    _check(study, storage.url, contract)
    if not any("default" in trial.user_attrs for trial in study.get_trials(deepcopy=False)):
        _enqueue_first(study, made or first())
    return study


def _enqueue_first(study: optuna.Study, first: FirstTrial) -> None:
    study.enqueue_trial(dict(first.point), user_attrs={"default": dict(first.settings)})


def _check(study: optuna.Study, url: str, contract: Contract) -> None:
    """See that a study is about the same."""
    held = _held(study)
    if not held:
        raise UsageError(
            f"the study {study.study_name!r} in {shown_url(url)} was not made by gradwise search; choose "
            "another --name."
        )
    other = contract.differs(held)
    if other:
        raise UsageError(
            f"the study {study.study_name!r} was begun with {other}, so its trials cannot be compared with "
            "new ones; give what it was begun with, or begin another with --name."
        )


def put_back(study: optuna.Study, trial: FrozenTrial) -> None:
    """Begin a trial again that was cut off, with the same settings; not one that was cut off too often."""
    times = int(trial.user_attrs.get("put_back", 0)) + 1
    if times > MOST_RETRIES and "told" not in trial.user_attrs:  # its process died each time
        return
    if trial.params or "default" in trial.user_attrs:
        attributes = {name: trial.user_attrs[name] for name in ("default",) if name in trial.user_attrs}
        params = trial.system_attrs.get("fixed_params", {}) | trial.params
        study.enqueue_trial(params, user_attrs={**attributes, "put_back": times})


def drop_dead(study: optuna.Study) -> int:
    """Mark trials whose process on this machine is gone, and put them back; how many there were.

    Those of other machines are found by their missing signs of life when the next trial begins.
    """
    dropped = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if is_alive(trial.user_attrs.get("process", {})) is not False:
            continue
        try:
            study.tell(trial.number, state=TrialState.FAIL)
        except (ValueError, optuna.exceptions.UpdateFinishedTrialError):  # another worker was quicker
            continue
        put_back(study, trial)
        dropped += 1
    return dropped


def counts(trial: FrozenTrial) -> bool:
    """Whether a trial is one of those asked for: finished, or under way, and not to be begun again."""
    if trial.state == TrialState.FAIL:
        return why(trial) not in ("", *PUT_BACK)
    return trial.state != TrialState.WAITING


def why(trial: FrozenTrial) -> str:
    """Why a trial failed; "" of one whose process died."""
    return str(trial.user_attrs.get("told", {}).get("why", ""))


def mark_process(trial: optuna.Trial) -> None:
    """Write down which process trains a trial."""
    trial.set_user_attr("process", this_process())


def shown_url(url: str) -> str:
    """The address of a database without its password.

    >>> shown_url("postgresql://ada:secret@host/db")
    'postgresql://ada:***@host/db'
    """
    try:
        return sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):  # no address at all; whatever stands before an @ may be secret
        return re.sub(r"//.*@", "//***@", url)


def check_url(url: str) -> None:
    """See that an address is one of a database, and that what speaks to it is installed.

    Raises:
        UsageError: it is not.
        MissingDependencyError: a package is missing.
    """
    try:
        sqlalchemy.make_url(url).get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise UsageError(
            f"--storage takes sqlite:///FILE or postgresql://USER@HOST/DATABASE, not {shown_url(url)!r}."
        ) from error
    except ImportError as error:
        raise _missing(url, error) from error


def _missing(url: str, error: ImportError) -> MissingDependencyError:
    kind = url.partition(":")[0]
    package = "psycopg[binary]" if kind == "postgresql" else str(error.name or kind)
    return MissingDependencyError(f"--storage {kind}:// needs a package: pip install '{package}'.")


def _storage(url: str) -> RDBStorage:
    check_url(url)
    local = url.startswith("sqlite")
    of_file = {"connect_args": {"timeout": BUSY, "factory": WriteAhead}}
    arguments: dict[str, Any] = of_file if local else {"pool_pre_ping": True}
    for attempt in range(OPENING):
        try:
            with quietly(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return RDBStorage(
                    url,
                    engine_kwargs=arguments,
                    heartbeat_interval=BEAT,
                    grace_period=GRACE,
                    heartbeat_stale_trial_callback=put_back,
                )
        except ImportError as error:
            raise _missing(url, error) from error
        except (SQLAlchemyError, RuntimeError) as error:
            taken = "already exists" in str(error) or "locked" in str(error) or "UNIQUE" in str(error).upper()
            if not taken or attempt == OPENING - 1:
                raise UsageError(f"--storage {shown_url(url)} cannot be used: {_reason(error)}.") from error
            time.sleep(0.2 * (attempt + 1))  # another process is making the same tables
    raise AssertionError


def _held(study: optuna.Study) -> dict[str, Any]:
    """What a study is about; waits a little for a process that has just made it."""
    for attempt in range(OPENING):
        held = study.user_attrs.get(ATTRIBUTE)
        if held:
            return dict(held)
        if study.user_attrs or study.get_trials(deepcopy=False):
            break
        time.sleep(0.1 * (attempt + 1))
    return {}


def _reason(error: Exception) -> str:
    """The first line of what a database says, without the driver's name."""
    cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
    text = str(getattr(cause, "orig", None) or cause or error).strip().splitlines()[0]
    return text.rstrip(".") or type(error).__name__
