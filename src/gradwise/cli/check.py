"""``gradwise check``: run a training script under watch and name what is wrong."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradwise.cli.healing_live import Allow, HealLive, HealReturns, live_of
from gradwise.cli.options import (
    Config,
    FailOn,
    Ignore,
    Isolated,
    JsonFile,
    Quiet,
    SeedShift,
    Select,
    ShowSuppressed,
    check_writable,
    chosen_group,
    names,
)
from gradwise.cli.probing import ProbeOption, ProbeSeconds, Probing, probe_run, probing
from gradwise.cli.script_command import load_program, long_options, misplaced, need_torch
from gradwise.cli.treating import TreatOption, run_treated, treatment_of
from gradwise.errors import GradwiseError, TraceError, UsageError

if TYPE_CHECKING:
    from gradwise.cli.outcome import Wanted
    from gradwise.watch.recording import Recorded
    from gradwise.watch.script import Program

FOUND = 1
SCRIPT_FAILED = 3


def check_command(
    context: typer.Context,
    script: Annotated[str | None, typer.Argument(help="Training script to run.", show_default=False)] = None,
    script_args: Annotated[
        list[str] | None, typer.Argument(help="Arguments of the script.", show_default=False)
    ] = None,
    module: Annotated[
        str | None, typer.Option("-m", metavar="MODULE", help="Run a module, as `python -m` does.")
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Stop the script after N training steps.")
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(min=0.1, metavar="S", help="Stop the script after S seconds.")
    ] = None,
    select: Select = None,
    ignore: Ignore = None,
    fail_on: FailOn = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Share of step time that watching may take [default: 2%]."),
    ] = None,
    config: Config = None,
    isolated: Isolated = False,
    show_suppressed: ShowSuppressed = False,
    probe: ProbeOption = "auto",
    probe_seconds: ProbeSeconds = None,
    treat: TreatOption = None,
    heal_live: HealLive = False,
    allow: Allow = None,
    heal_returns: HealReturns = None,
    seed_shift: SeedShift = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run directory [default: a new one in .gradwise/runs].")
    ] = None,
    json_file: JsonFile = None,
    quiet: Quiet = False,
) -> int:
    """Run a training script, watch it, and name what is wrong.

    The script runs unmodified, as `python script.py` would run it.  What it
    prints stays on standard output; the diagnosis goes to standard error.

    gradwise check train.py --epochs 3
    gradwise check --max-steps 500 --json diagnosis.json train.py
    gradwise check -m package.train --lr 0.1
    gradwise check --probe all train.py
    gradwise check --treat treatment.toml train.py
    gradwise check --heal-live train.py

    Exit codes: 0 nothing found, 1 something found at or above --fail-on,
    2 wrong use, 3 the script itself failed.
    """
    from gradwise.diagnosis import choose_rules
    from gradwise.settings.locating import load_settings
    from gradwise.watch.budget import DEFAULT_BUDGET, parse_budget

    start = Path() if module is not None or script is None else Path(script).parent
    settings = load_settings(start, config, isolated=isolated)
    group = chosen_group(fail_on, settings)
    share = parse_budget((settings.budget or DEFAULT_BUDGET) if budget is None else budget)
    rules = choose_rules(names(select), names(ignore), settings)
    asked = probing(probe, probe_seconds)
    treatment = treatment_of(treat)
    if json_file is not None:
        check_writable(json_file)
    args = [*(script_args or [])]
    if module is not None and script is not None:
        args = [script, *args]
    elif module is None and script is None:
        raise UsageError("no script was given; try `gradwise check train.py`.")
    need_torch("check")
    live = live_of(heal_live, allow, heal_returns)
    program = load_program(script, module, args)
    if program is None:
        return SCRIPT_FAILED
    if not quiet:
        _hint(program, args, long_options(context.command))
    # Absolute, because the script may change the current directory.
    directory = (out if out is not None else _new_directory(program)).absolute()
    if json_file is not None and str(json_file) != "-":
        json_file = json_file.absolute()
    from gradwise.cli.outcome import Wanted
    from gradwise.heal.seeding import shifted_seeds
    from gradwise.watch.recording import record

    plain = treatment is None and live is None
    run = record if plain else partial(run_treated, treatment=treatment, live=live, aloud=quiet)
    with shifted_seeds(seed_shift):
        recorded = run(
            program,
            directory,
            share=share,
            max_steps=max_steps,
            max_seconds=max_seconds,
            probing=asked.wanted,
        )
    wanted = Wanted(rules, settings, group, json_file, quiet=quiet, show_suppressed=show_suppressed)
    return _judge(recorded, directory, wanted, asked, new=out is None)


def _hint(program: Program, args: list[str], known: set[str]) -> None:
    """A line about options that probably stand on the wrong side of the script."""
    try:
        source = Path(program.file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    options = misplaced(args, known, source)
    if options:
        verbs = ("stands", "goes", "it") if len(options) == 1 else ("stand", "go", "them")
        print(
            f"gradwise: {' and '.join(options)} {verbs[0]} after {Path(program.file).name} and {verbs[1]} "
            f"to the script; put {verbs[2]} before if meant for gradwise.",
            file=sys.stderr,
        )


def _new_directory(program: Program) -> Path:
    from datetime import datetime

    from gradwise.trace.runs import DEFAULT_ROOT, new_run_directory

    name = program.spec.name if program.spec is not None else Path(program.file).stem
    return new_run_directory(DEFAULT_ROOT, name, datetime.now())


def _judge(
    recorded: Recorded,
    directory: Path,
    wanted: Wanted,
    asked: Probing,
    *,
    new: bool,
) -> int:
    """Read the trace, diagnose, report; the exit code."""
    from gradwise.cli.outcome import report_run

    failed = recorded.ending.status == "failed"
    if failed and recorded.steps == 0 and _failure_explained(directory, wanted):
        report_run(directory, wanted)
        return SCRIPT_FAILED
    if recorded.steps == 0 and not recorded.never_stepped:
        if new:
            _discard(directory)
        print(f"gradwise: {_nothing_seen(recorded)}", file=sys.stderr)
        return SCRIPT_FAILED if failed else GradwiseError.exit_code
    if recorded.lost:
        print(f"gradwise: {recorded.lost} What was recorded before is judged.", file=sys.stderr)
    probe_run(recorded.captured, directory, wanted, asked)
    found = report_run(directory, wanted)
    if failed:
        return SCRIPT_FAILED
    return FOUND if found else 0


def _failure_explained(directory: Path, wanted: Wanted) -> bool:
    """Whether a rule names the reason why the script failed before its first step."""
    from gradwise.diagnosis import diagnose
    from gradwise.trace.read import read_run

    try:
        return bool(diagnose(read_run(directory).segments, wanted.rules, settings=wanted.settings).findings)
    except GradwiseError:
        return False


def _nothing_seen(recorded: Recorded) -> str:
    ending = recorded.ending
    if ending.status == "failed":
        return "the script failed before its first training step; there is nothing to judge."
    if recorded.backwards:
        return (
            f"backward() ran {recorded.backwards} times but no torch.optim optimizer ever stepped; "
            "call optimizer.step() after each backward."
        )
    if ending.status == "interrupted":
        return "the script was interrupted before its first training step; there is nothing to judge."
    return (
        "the script ended without any training step (no optimizer.step() was seen); "
        "give a script that trains."
    )


def _discard(directory: Path) -> None:
    """Remove the run directory of a run in which nothing happened."""
    import shutil

    try:
        shutil.rmtree(directory)
    except OSError as error:
        raise TraceError(f"{directory} could not be removed: {error.strerror}.") from None
