"""After the last trial: the winner is confirmed and written down, with everything that was learnt."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from gradwise.search.confirming import LOSS_METRIC, Confirmation, confirm
from gradwise.search.dimension import DEFAULT
from gradwise.search.hyper_parameter_search import Search
from gradwise.search.listener import TrialNews
from gradwise.search.outcome import SearchOutcome, importances, news_of_all, write_settings
from gradwise.search.record import SearchRecord
from gradwise.search.setting_up import Bench
from gradwise.search.study import shown_url
from gradwise.train.config import FitConfig

BEST = "best.toml"
CONFIRMED = "confirmed.json"
LEAST_SEEDS = 2
NO_TEST = (
    "there are no test rows: the winner was chosen by the rows that it is compared on, so its gain is still "
    "optimistic; give --test 0.2"
)
UNCONFIRMED = "the winner was not confirmed (--confirm 0), and its validation score is optimistic"
DEFAULT_WINS = "no setting beat the default on the validation rows: `gradwise fit` does as well by itself"
NO_DEFAULT = "the default was not trained to its end, so there is nothing to compare the winner with"


def conclude(bench: Bench, run: Search, *, interrupted: bool) -> SearchOutcome:
    """What it came to, with the confirmation where there is time for one."""
    trials, standing, record = news_of_all(bench.study), run.standing(), bench.record
    others = sum(each.state == "running" for each in trials)
    shares, note = importances(bench.study)
    notes = [note] if note else []
    outcome = SearchOutcome(
        directory=bench.directory,
        study=record.name,
        storage=shown_url(bench.storage),
        metric=bench.metric,
        epochs=bench.fixed["epochs"],
        fixed=bench.fixed,
        trials=trials,
        best=standing.best,
        default=standing.default,
        importances=shares,
        interrupted=interrupted,
        others=others,
    )
    if standing.best is None:
        return replace(outcome, notes=("no trial was trained to its end", *notes))
    if not interrupted and not others:
        try:
            confirmation, more = _confirm(bench, run, standing.best, standing.default)
            notes += more
            outcome = replace(outcome, confirmation=confirmation)
        except KeyboardInterrupt:
            outcome = replace(outcome, interrupted=True)
    elif others and not interrupted:
        plural = "trial" if others == 1 else "trials"
        notes.append(f"{others} {plural} of other workers still run; the last worker confirms the winner")
    file = bench.directory / BEST
    _write_best(bench, standing.best, outcome.confirmation, file)
    return replace(outcome, notes=tuple(notes), best_file=file, command=_command(record, file))


def _confirm(
    bench: Bench, run: Search, best: TrialNews, default: TrialNews | None
) -> tuple[Confirmation | None, list[str]]:
    """Winner against default with fresh seeds; what was found before for the same winner is taken again."""
    sets = bench.lab.sets
    seeds = _affordable(bench, run, best, default)
    for reason, holds in (
        (DEFAULT_WINS, best.default),
        (NO_DEFAULT, default is None),
        (UNCONFIRMED, not seeds),
    ):
        if holds:
            return None, [reason]
    assert default is not None
    name, rows = ("test", sets.test) if len(sets.test) else ("validation", sets.valid)
    notes = [NO_TEST] if name == "validation" else []
    if seeds < bench.record.confirm:
        notes.append(
            f"time was left for {seeds} of {bench.record.confirm} fresh seeds; --resume takes them all"
        )
    file = bench.directory / CONFIRMED
    kept = _kept(file, best.number, seeds)
    if kept is not None:
        return kept, notes
    first = FitConfig.make(bench.fixed).seed + 1
    total, done = 2 * seeds, 0

    def fit(settings: Mapping[str, Any], seed: int) -> Tensor | None:
        nonlocal done
        run.listener.confirming(done, total)
        done += 1
        try:
            with run.interrupts.allowed():
                trained = bench.lab.train(run.config(settings, seed=seed))
                return bench.lab.outputs(trained, rows) if trained.best is not None else None
        except Exception as error:  # noqa: BLE001 (a training may fail in any way)
            notes.append(f"with seed {seed} a training failed ({type(error).__name__}: {error})")
            return None

    metric = LOSS_METRIC[bench.lab.task.kind] if bench.metric == "loss" else bench.metric
    pair = (best.settings, default.settings)
    found = confirm(metric, bench.lab.task, (name, rows), pair, range(first, first + seeds), fit)
    run.listener.confirming(total, total)
    if found is None:
        notes.append("the winner could not be confirmed: with a fresh seed a training came to nothing")
    else:
        with suppress(OSError):  # it is only there to save work
            file.write_text(json.dumps({"winner": best.number, "confirmation": found.as_dict()}))
    return found, notes


def _affordable(bench: Bench, run: Search, best: TrialNews, default: TrialNews | None) -> int:
    """Seeds for which there is time, by what the two trials took; two at least, since one has no interval."""
    wanted, limit = bench.record.confirm, bench.record.seconds
    if limit is None or default is None:
        return wanted
    left = run.begin + limit - time.monotonic()
    return min(wanted, max(LEAST_SEEDS, int(left / max(best.seconds + default.seconds, 1e-9))))


def _kept(file: Path, winner: int, seeds: int) -> Confirmation | None:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        kept = Confirmation.from_dict(document["confirmation"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if document.get("winner") == winner and len(kept.seeds) == seeds else None


def _write_best(bench: Bench, best: TrialNews, confirmation: Confirmation | None, file: Path) -> None:
    given = {
        name: value for name, value in bench.fixed.items() if name != "test" or "test" in bench.record.given
    }
    found = {} if best.default else dict(best.settings)
    of = sum(each.state in ("complete", "pruned", "failed") for each in news_of_all(bench.study))
    scored = f"{bench.metric} {best.value:.4g} on validation rows"
    head = f"Found by gradwise search: trial {best.number} of {of}, {scored}."
    if best.default:
        head = f"{head}\nThis is the default: no setting beat it."
    if confirmation is not None:
        head = f"{head}\nConfirmed: {confirmation.sentence}."
    settings = {name: value for name, value in {**given, **found}.items() if value != DEFAULT}
    write_settings(file, settings, bench.record.target, head)


def _command(record: SearchRecord, file: Path) -> str:
    """What to type to fit with the winner's settings."""
    words = ["gradwise", "fit", *map(_shown, record.paths), "--config", _shown(str(file))]
    for name, value in record.reading.items():
        flag = "--" + {"ids": "id"}.get(name, name).replace("_", "-")
        if value and not (name == "task" and value == "auto"):
            for each in value if isinstance(value, list) else [value]:
                words += [flag, str(each)]
    return shlex.join(words)


def _shown(path: str) -> str:
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except ValueError:
        return path
