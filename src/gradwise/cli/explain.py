"""``gradwise explain``: the handbook page of an ailment, a cure or a technique."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def explain_command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="An ailment by name or code, a cure, or a technique.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the page as HTML instead.")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--list", "-l", help="List every ailment with its status, every cure and technique."),
    ] = False,
) -> None:
    """Show the page of an ailment, a cure or a technique.

    gradwise explain dead-relu              what it is, how it is decided, what helps
    gradwise explain A01                    the same, by code
    gradwise explain lower-lr               what a cure changes, and when not to use it
    gradwise explain adam                   a technique: formula, defaults, when and when not
    gradwise explain cure:batch-norm        one of several pages that share a name
    gradwise explain A01 --html page.html   the page as HTML
    gradwise explain --list                 everything that has a name
    """
    from gradwise.cli.entries import catalogue_text, entry_html, entry_text, find_entries
    from gradwise.cli.screen import Screen
    from gradwise.errors import UsageError

    screen = Screen.of(sys.stdout)
    if everything:
        screen.show(catalogue_text(width=screen.width, colour=screen.colour))
        return
    if name is None:
        raise UsageError("explain needs a name, e.g. `gradwise explain dead-relu`; --list shows all names.")
    entries = find_entries(name)
    if html is None:
        texts = [entry_text(entry, width=screen.width, colour=screen.colour) for entry in entries]
        screen.show("\n\n".join(texts))
        return
    if len(entries) > 1:
        kinds = " or ".join(f"{entry.kind}:{name}" for entry in entries)
        raise UsageError(f"{name!r} has {len(entries)} pages; for --html name one: {kinds}.")
    try:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(entry_html(entries[0]), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--html {html} cannot be written ({error.strerror or error}); choose another file."
        ) from error
    screen.show(f"{html}\n")
