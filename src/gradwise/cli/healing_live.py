"""``--heal-live``: the script is returned to a good state and given a cure while it runs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gradwise.errors import UsageError

if TYPE_CHECKING:
    from gradwise.heal.treating import Live

DEFAULT_RETURNS = 3  # returns without progress after which nothing more is done

HealLive = Annotated[
    bool,
    typer.Option(
        "--heal-live",
        help="On divergence or NaN return the run to its last good state, and go on with the mildest cure.",
    ),
]
Allow = Annotated[
    str | None,
    typer.Option(
        metavar="GRADES",
        help="Of --heal-live, cures that may be given [default: safe, changes-training].",
    ),
]
HealReturns = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help=f"Of --heal-live, returns without progress until it stops [default: {DEFAULT_RETURNS}].",
    ),
]


def live_of(heal_live: bool, allow: str | None, returns: int | None) -> Live | None:
    """What is asked of healing while the script runs; None for nothing.  Imports torch where something is.

    Raises:
        UsageError: its options without it, no cure that is allowed, or several processes.
    """
    if not heal_live:
        for option, value in (("--allow", allow), ("--heal-returns", returns)):
            if value is not None:
                raise UsageError(
                    f"{option} says how --heal-live heals; give that too, or leave {option} out."
                )
        return None
    ranks = _ranks()
    if ranks > 1:
        raise UsageError(
            f"--heal-live heals one process, and WORLD_SIZE is {ranks}: each would return to another state; "
            "leave it out, or run the script in one process."
        )
    from gradwise.heal.candidates import chosen_grades
    from gradwise.heal.live.cures import ALLOWED, check_allowed

    allowed = ALLOWED if allow is None else chosen_grades(allow)
    check_allowed(allowed)
    from gradwise.heal.treating import Live

    return Live(allowed, returns or DEFAULT_RETURNS, _say)


def _ranks() -> int:
    """Processes that train together, as torchrun and its kin tell them; 1 where nobody says."""
    word = os.environ.get("WORLD_SIZE", "1")
    return int(word) if word.isdigit() else 1


def _say(sentence: str) -> None:
    print(f"gradwise: {sentence}", file=sys.stderr, flush=True)
