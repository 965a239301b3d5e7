"""``--treat``: cures given to the script while it is watched, and what became of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwise.errors import TraceError

if TYPE_CHECKING:
    from gradwise.heal.treatment import Treatment
    from gradwise.watch.recording import Recorded
    from gradwise.watch.script import Program

TreatOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--treat",
        metavar="FILE",
        help="Give the script the cures of a treatment file while it runs; repeatable.",
    ),
]


def treatment_of(files: Sequence[Path] | None) -> Treatment | None:
    """The treatments in files together, a later file's doses before an earlier one's; None without files.

    Raises:
        UsageError: a file that cannot be read or carried out.
    """
    if not files:
        return None
    from gradwise.heal.treatment import Treatment, read_treatment

    found = Treatment()
    for file in files:
        found = found.and_then(read_treatment(file))
    return found


def run_treated(program: Program, directory: Path, treatment: Treatment, **options: Any) -> Recorded:
    """Run a program under treatment and watch, keep what was done in its trace, and say it.

    Args:
        program: what to run.
        directory: where its trace goes.
        treatment: what to give.
        **options: see `gradwise.heal.treating.record_treated`.
    """
    from gradwise.heal.treating import keep_told, record_treated

    recorded, told = record_treated(program, directory, treatment, **options)
    try:
        keep_told(directory, told)
    except TraceError as error:
        print(f"gradwise: {error}", file=sys.stderr)
    for line in told_lines(told):
        print(f"gradwise: {line}", file=sys.stderr)
    return recorded


def told_lines(told: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What every cure did and could not do, one sentence each.

    >>> did = {"what": "rate of SGD 1 → 0.1", "times": 40}
    >>> list(told_lines([{"cure": "lower-lr", "did": [did], "could_not": []}]))
    ['treated with lower-lr: rate of SGD 1 → 0.1 (40 times).']
    >>> list(told_lines([{"cure": "raise-clip", "did": [], "could_not": []}]))
    ['raise-clip found nothing to act on.']
    """
    for each in told:
        if each["did"]:
            yield f"treated with {each['cure']}: {'; '.join(_counted(line) for line in each['did'])}."
        else:
            yield f"{each['cure']} found nothing to act on."
        for line in each["could_not"]:
            yield f"{each['cure']} could not all be done: {_counted(line)}."


def _counted(line: dict[str, Any]) -> str:
    return f"{line['what']} ({line['times']:,} times)" if line["times"] > 1 else str(line["what"])
