"""``gradwise rules``: every rule, where it comes from, and whether it judges here."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwise.cli.options import Config, Ignore, Isolated, Select, names

if TYPE_CHECKING:
    from gradwise.rules.rule import LoadedRule
    from gradwise.settings.settings import Number, RuleSettings, Settings

_LEAST = 24  # columns for the summary; a narrower terminal wraps by itself


def rules_command(
    select: Select = None,
    ignore: Ignore = None,
    config: Config = None,
    isolated: Isolated = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for another program.")] = False,
) -> None:
    """List all rules: code, name, group, source, whether they are on, and what they see.

    A rule is on by default when its group is broken, sick or slow.  The settings that
    hold here are those for scripts in the working directory.

    gradwise rules                        as `gradwise check` would judge here
    gradwise rules --select C --json      what a selection means, with thresholds, for another program
    gradwise rules --isolated             without the project's settings
    """
    from gradwise.cli.screen import Screen
    from gradwise.rules.collection import left_out
    from gradwise.settings.choosing import choose
    from gradwise.settings.locating import load_settings

    settings = load_settings(Path(), config, isolated=isolated)
    on = {rule.declaration.name for rule in choose(settings, names(select), names(ignore))}
    rows = list(_rows(settings, on))
    screen = Screen.of(sys.stdout)
    if json:
        import json as encoder

        document = {
            "schema": 1,
            "settings": settings.shown or None,
            "rules": [row.to_json() for row in rows],
            "notes": list(left_out()),
        }
        screen.show(encoder.dumps(document, indent=2) + "\n")
        return
    screen.show(rules_text(rows, settings, screen.width))
    for note in left_out():
        print(f"gradwise: {note}", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: as it declares itself, what is decided about it, its thresholds, whether it is on."""

    rule: LoadedRule
    decided: RuleSettings
    thresholds: dict[str, Number]
    default: bool
    on: bool

    @property
    def group(self) -> str:
        """The group that counts here."""
        return self.decided.group or self.rule.declaration.group

    def to_json(self) -> dict[str, Any]:
        """The rule as plain data."""
        told = self.rule.declaration
        values = self.decided.thresholds
        return {
            "code": told.code,
            "name": told.name,
            "group": self.group,
            "declared_group": told.group,
            "summary": told.summary,
            "source": self.rule.source,
            "default": self.default,
            "on": self.on,
            "thresholds": {
                name: {"value": values.get(name, usual), "default": usual}
                for name, usual in self.thresholds.items()
            },
        }


def _rows(settings: Settings, on: set[str]) -> Iterator[Row]:
    from gradwise.rules.collection import all_rules
    from gradwise.settings.choosing import on_by_default
    from gradwise.settings.settings import RuleSettings
    from gradwise.settings.thresholds import thresholds_of

    for name, rule in all_rules().items():
        decided = settings.rules.get(name, RuleSettings())
        yield Row(rule, decided, thresholds_of(rule), on_by_default(rule), name in on)


def rules_text(rows: list[Row], settings: Settings, width: int) -> str:
    """The rules as a table; below it what the settings changed about them."""
    cells = [("CODE", "NAME", "GROUP", "SOURCE", "DEFAULT", "HERE", "SUMMARY")]
    for row in rows:
        told = row.rule.declaration
        switches = ("on" if row.default else "off", "on" if row.on else "off")
        cells.append((told.code, told.name, row.group, row.rule.source, *switches, told.summary))
    widths = [max(len(line[column]) for line in cells) for column in range(6)]
    lines = []
    for line in cells:
        head = "".join(cell.ljust(size + 2) for cell, size in zip(line[:6], widths, strict=True))
        first, *rest = textwrap.wrap(line[6], max(width - len(head), _LEAST)) or [""]
        lines += [head + first, *(" " * len(head) + more for more in rest)]
    on = sum(row.on for row in rows)
    source = f"settings of {settings.shown}" if settings.shown else "no file of settings"
    lines += ["", f"{on} of {len(rows)} rules are on; {source}", *_changes(rows)]
    return "\n".join(lines) + "\n"


def _changes(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        told = row.rule.declaration
        values = row.decided.thresholds.items()
        changes = [f"{name} = {value} ({row.thresholds[name]})" for name, value in values]
        if row.decided.group not in (None, told.group):
            changes.insert(0, f"group {row.decided.group} ({told.group})")
        if changes:
            yield f"  {told.name}: {', '.join(changes)}"
