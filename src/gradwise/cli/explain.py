"""``gradwise explain``: the handbook page of an ailment or a cure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def explain_command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="An ailment by name or code, or a cure by name.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the page as HTML instead.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--list", "-l", help="List every ailment with its status, and every cure.")
    ] = False,
) -> None:
    """Show the page of an ailment or a cure.

    gradwise explain dead-relu              what it is, how it is decided, what helps
    gradwise explain A01                    the same, by code
    gradwise explain lower-lr               what a cure changes, and when not to use it
    gradwise explain A01 --html page.html   the page as HTML
    gradwise explain --list                 everything that has a name
    """
    from gradwise.cli.entries import catalogue_text, entry_html, entry_text, find_entry
    from gradwise.cli.screen import Screen
    from gradwise.errors import UsageError

    screen = Screen.of(sys.stdout)
    if everything:
        screen.show(catalogue_text(width=screen.width, colour=screen.colour))
        return
    if name is None:
        raise UsageError("explain needs a name, e.g. `gradwise explain dead-relu`; --list shows all names.")
    entry = find_entry(name)
    if html is None:
        screen.show(entry_text(entry, width=screen.width, colour=screen.colour))
        return
    try:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(entry_html(entry), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--html {html} cannot be written ({error.strerror or error}); choose another file."
        ) from error
    screen.show(f"{html}\n")
