"""``gradwise heal``: find a cure for a training script by re-runs, and prove that it helps."""

from __future__ import annotations

import os
import re
import select
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gradwise.cli.options import Config, Ignore, Isolated, Select, check_writable, names
from gradwise.cli.script_command import load_program, need_torch
from gradwise.errors import UsageError

if TYPE_CHECKING:
    from gradwise.heal.outcome import Order
    from gradwise.heal.record import Record
    from gradwise.heal.rerun import Words

SCRIPT_FAILED = 3
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
READS_INPUT = re.compile(r"\bstdin\b|\binput\s*\(|\bfileinput\b|\bgetpass\b")


def heal_command(
    script: Annotated[str | None, typer.Argument(help="Training script to heal.", show_default=False)] = None,
    script_args: Annotated[
        list[str] | None, typer.Argument(help="Arguments of the script.", show_default=False)
    ] = None,
    module: Annotated[
        str | None, typer.Option("-m", metavar="MODULE", help="Heal a module, as `python -m` runs it.")
    ] = None,
    seeds: Annotated[int, typer.Option(metavar="N", help="Seeds of the proof, at least 2.")] = 3,
    budget: Annotated[str, typer.Option(metavar="TIME", help="For all runs together: 90s, 10m, 2h.")] = "10m",
    allow: Annotated[
        str | None,
        typer.Option(
            metavar="GRADES",
            help="Cures that may be tried: safe, changes-training, changes-model, changes-data "
            "[default: the first three].",
        ),
    ] = None,
    metric: Annotated[
        str,
        typer.Option(
            metavar="REGEX",
            help="Number to compare runs by: a regular expression on what the script prints (last match, "
            "group 1), val_loss, or auto.",
        ),
    ] = "auto",
    lower: Annotated[
        bool | None,
        typer.Option("--lower/--higher", help="Which is better [default: by the name].", show_default=False),
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop every run after N training steps.")
    ] = None,
    isolate: Annotated[
        bool, typer.Option("--isolate/--no-isolate", help="Run in copies of the working directory.")
    ] = True,
    select_rules: Select = None,
    ignore: Ignore = None,
    config: Config = None,
    isolated: Isolated = False,
    write: Annotated[
        bool, typer.Option("--write", help="Make the edit in the script where a cure helped; keeps .orig.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where all is kept [default: new in .gradwise/heals].")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted heal: that of --out, or the newest.")
    ] = False,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Also write heal.json there; - is standard output."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the outcome only.")] = False,
) -> int:
    """Find a cure for a training script by re-runs, and prove that it helps.

    The script is run as it is and judged.  The cures of what was found are given
    to it in re-runs, without a change of its code; the best one is then compared
    with doing nothing and with a cure drawn by lot, seed by seed.  Only what is
    better than both is called a help.  What the script prints is kept in --out.

    gradwise heal train.py --epochs 3
    gradwise heal --seeds 5 --budget 30m train.py
    gradwise heal --metric 'accuracy: ([0-9.]+)' train.py
    gradwise heal --resume --budget 1h train.py
    gradwise check --treat .gradwise/heals/NAME/treatment.toml train.py

    Exit codes: 0 a cure was proven, or nothing is wrong; 1 no cure was proven to
    help; 2 wrong use, or too small a budget; 3 the script itself failed.
    """
    from gradwise.diagnosis import choose_rules
    from gradwise.heal.candidates import chosen_grades
    from gradwise.heal.metric import compiled_or_name
    from gradwise.heal.outcome import Order
    from gradwise.heal.record import held
    from gradwise.heal.rerun import Words
    from gradwise.settings.locating import load_settings

    if seeds < 2:
        raise UsageError(f"--seeds takes 2 or more, not {seeds}: one seed has no interval.")
    seconds, grades = duration(budget), chosen_grades(allow)
    compiled_or_name(metric)
    if json_file is not None:
        check_writable(json_file)
    args = tuple(script_args or ())
    if module is not None and script is not None:
        args, script = (script, *args), None
    elif module is None and script is None:
        raise UsageError("no script was given; try `gradwise heal train.py`.")
    start = Path() if script is None else Path(script).parent
    settings = load_settings(start, config, isolated=isolated)
    rules = choose_rules(names(select_rules), names(ignore), settings)
    need_torch("heal")
    if load_program(script, module, list(args)) is None:
        return SCRIPT_FAILED
    order = Order(seeds, grades, metric, lower, max_steps, rules, settings)
    words = Words(script, args, module)
    record = _record(words, out, resume=resume)
    with held(record.directory):
        keep_input(record.directory, words)
        return _healed(
            order, record, words, seconds, isolate=isolate, write=write, json_file=json_file, quiet=quiet
        )


def _healed(
    order: Order,
    record: Record,
    words: Words,
    seconds: float,
    *,
    isolate: bool,
    write: bool,
    json_file: Path | None,
    quiet: bool,
) -> int:
    """Carry it out and show what came of it; the exit code."""
    from gradwise.cli.heal_edit import edit_of, written
    from gradwise.cli.heal_outcome import show
    from gradwise.cli.heal_progress import HealProgress
    from gradwise.cli.outcome import write_document
    from gradwise.heal.healing import heal
    from gradwise.heal.launching import Nursery
    from gradwise.heal.making import Runs
    from gradwise.heal.nursery import imported_by
    from gradwise.heal.record import finite
    from gradwise.heal.rerun import Reruns

    reruns = Reruns(words, record.directory, isolate, nursery=Nursery(imported_by(_source(words))))
    with (
        HealProgress(record.directory, words.shown, quiet=quiet) as progress,
        polite_kills(),
        closing(reruns),
    ):
        runs = Runs(reruns, record, seconds, progress)
        reruns.note = runs.note
        healed = heal(order, runs)
    edited = edit_of(healed, words, record.directory)
    stream = sys.stderr if str(json_file) == "-" else sys.stdout
    show(healed, stream, record.directory, words.shown, edited)
    if write:
        print(written(healed, words, edited), file=stream)
    if json_file is not None:
        write_document(finite(record.as_dict()), json_file)
    return healed.exit_code


def duration(text: str) -> float:
    """Seconds of a time such as ``90s``, ``10m``, ``1.5h``; a bare number is seconds.

    Raises:
        UsageError: no such time.

    >>> duration("10m"), duration("90")
    (600.0, 90.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|m|min|h|)", text.strip().lower())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if seconds <= 0:
        raise UsageError(f"--budget takes a time such as 90s, 10m or 2h, not {text!r}.")
    return seconds


def _record(words: Words, out: Path | None, *, resume: bool) -> Record:
    """The record of this heal: a new one, or the one to go on with."""
    from gradwise.heal.record import DEFAULT_ROOT, begin, newest
    from gradwise.heal.record import resume as go_on
    from gradwise.trace.runs import new_run_directory

    if resume:
        return go_on((out or newest(DEFAULT_ROOT, words)).absolute(), words)
    name = words.module or str(words.script)
    directory = out or new_run_directory(DEFAULT_ROOT, name, datetime.now())
    return begin(directory.absolute(), words)


def keep_input(directory: Path, words: Words) -> None:
    """Read standard input once, so that every run can be given the same.

    What nobody has written yet is waited for only where the script's text says
    that it reads; else a pipe that stays open would hold everything up.
    """
    from gradwise.heal.rerun import STDIN

    kept = directory / STDIN
    if kept.exists() or not _offers(_source(words)):
        return
    kept.write_bytes(sys.stdin.buffer.read())


def _offers(source: str) -> bool:
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):  # closed, or replaced by something without a file
        return False
    if stat.S_ISREG(kind):
        return True
    if not stat.S_ISFIFO(kind):
        return False
    return bool(READS_INPUT.search(source)) or bool(select.select([sys.stdin], [], [], 0)[0])


def _source(words: Words) -> str:
    try:
        return Path(words.script or "").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@contextmanager
def polite_kills() -> Iterator[None]:
    """Within, SIGTERM and a closed terminal end the runs as Ctrl-C does."""

    def strike(_number: int, _frame: Any) -> NoReturn:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        before = {number: signal.signal(number, strike) for number in numbers}
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
