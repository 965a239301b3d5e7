"""From a TOML file to `Settings`: every mistake is one sentence that names the file and the key."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradwise.errors import SettingsError, UnknownNameError, UsageError
from gradwise.registry import nearest
from gradwise.rules.collection import find_rule
from gradwise.rules.rule import LoadedRule
from gradwise.settings.choosing import configured, understood
from gradwise.settings.settings import Number, RuleSettings, Settings, Suppression, shown_file
from gradwise.settings.thresholds import thresholds_of
from gradwise.trace.findings import GROUPS, Group
from gradwise.watch.budget import parse_budget

PYPROJECT = "pyproject.toml"
KEYS = ("select", "ignore", "fail-on", "budget", "rules", "suppress")
SUPPRESS_KEYS = ("rule", "where", "script", "reason")
_KINDS = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def table_in(file: Path) -> Mapping[str, Any] | None:
    """The table of settings in a file: ``[tool.gradwise]`` of a pyproject.toml, else the whole file.

    Returns:
        None for a pyproject.toml that has no such table.

    Raises:
        SettingsError: the file cannot be read, or is not TOML.
    """
    shown = shown_file(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{shown} is not UTF-8 text, as TOML is; save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(
            f"{shown} cannot be read ({error.strerror}); mend that, or do without it by --isolated."
        ) from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if file.name == PYPROJECT and "tool.gradwise" not in text:
            return None
        raise SettingsError(f"{shown} is not valid TOML: {error}.") from None
    if file.name != PYPROJECT:
        return document
    tool = document.get("tool")
    if not isinstance(tool, dict) or "gradwise" not in tool:
        return None
    table = tool["gradwise"]
    if not isinstance(table, dict):
        raise SettingsError(f"{shown}: tool.gradwise takes a table, not {_kind(table)}.")
    return table


def settings_of(file: Path, table: Mapping[str, Any]) -> Settings:
    """The settings in a table.

    Raises:
        SettingsError: a key or a value that does not hold.
    """
    return _Reader(file).settings(table)


class _Reader:
    """Reads one file; knows how to say where something stands."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.prefix = "tool.gradwise." if file.name == PYPROJECT else ""

    def settings(self, table: Mapping[str, Any]) -> Settings:
        self.known("", table, KEYS)
        fail_on = self.group("fail-on", table["fail-on"]) if "fail-on" in table else None
        found = Settings(
            file=self.file.absolute(),
            shown=shown_file(self.file),
            fail_on=fail_on,
            budget=self.budget(table["budget"]) if "budget" in table else None,
            rules=self.rules(table.get("rules", {})),
            suppress=self.suppressions(table.get("suppress", [])),
        )
        try:
            rules = configured(found)
        except UsageError as error:  # numbers with which a rule cannot even be executed
            raise self.fault("rules", f": {error}") from None
        select = self.words("select", table["select"], rules) if "select" in table else None
        return replace(found, select=select, ignore=self.words("ignore", table.get("ignore", []), rules))

    def words(self, key: str, value: Any, rules: dict[str, LoadedRule]) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            odd = value if not isinstance(value, list) else next(w for w in value if not isinstance(w, str))
            where = "" if not isinstance(value, list) else " in it"
            raise self.fault(
                key, f' takes a list of names such as ["C", "dead-relu"], not {_kind(odd)}{where}.'
            )
        if key == "select" and not value:
            raise self.fault(
                key, " is empty, so nothing would be judged; leave it out for the rules on by default."
            )
        try:
            understood(value, rules)
        except UnknownNameError as error:
            raise self.fault(key, f": {error}") from None
        return tuple(value)

    def group(self, key: str, value: Any) -> Group:
        for group in GROUPS:
            if value == group:
                return group
        near = nearest(value, GROUPS) if isinstance(value, str) else ""
        shown = repr(value) if isinstance(value, str) else _kind(value)
        raise self.fault(key, f" takes {', '.join(GROUPS)}, not {shown}{near}.")

    def budget(self, value: Any) -> str:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                parse_budget(str(value))
            except UsageError:
                pass
            else:
                return str(value)
        shown = repr(value) if isinstance(value, str | int | float) else _kind(value)
        raise self.fault("budget", f' takes a share of step time such as "2%" or 0.02, not {shown}.')

    def rules(self, value: Any) -> dict[str, RuleSettings]:
        found: dict[str, RuleSettings] = {}
        for word, table in self.table("rules", value).items():
            key = f"rules.{word}"
            rule = self.rule(key, word)
            name = rule.declaration.name
            if name in found:
                raise self.fault(key, f" is a second table of {name}; keep one.")
            found[name] = self.one_rule(key, rule, self.table(key, table))
        return found

    def one_rule(self, key: str, rule: LoadedRule, table: Mapping[str, Any]) -> RuleSettings:
        group = self.group(f"{key}.group", table["group"]) if "group" in table else None
        values = {name: value for name, value in table.items() if name != "group"}
        held = thresholds_of(rule) if values else {}
        self.known(key, values, ("group", *held), "what can be set is")
        checked = {name: self.number(f"{key}.{name}", value, held[name]) for name, value in values.items()}
        return RuleSettings(group, checked)

    def number(self, key: str, value: Any, usual: Number) -> Number:
        whole = isinstance(usual, int)
        right = isinstance(value, int) if whole else isinstance(value, int | float)
        if not right or isinstance(value, bool) or not math.isfinite(value):
            kind = "a whole number" if whole else "a number"
            shown = value if isinstance(value, int | float) and not isinstance(value, bool) else _kind(value)
            raise self.fault(key, f" takes {kind}, not {shown}; it is {usual} by default.")
        number: Number = value if whole else float(value)
        return number

    def suppressions(self, value: Any) -> tuple[Suppression, ...]:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            form = f"[[{self.prefix}suppress]]"
            raise self.fault("suppress", f" takes tables, each under its own {form}, not {_kind(value)}.")
        return tuple(self.suppression(f"suppress[{at}]", table) for at, table in enumerate(value, start=1))

    def suppression(self, key: str, table: Mapping[str, Any]) -> Suppression:
        self.known(key, table, SUPPRESS_KEYS)
        for name, value in table.items():
            if not isinstance(value, str):
                raise self.fault(f"{key}.{name}", f" takes text, not {_kind(value)}.")
            if not value.strip():
                missing = "why its findings are no fault here" if name == "reason" else "what is meant"
                raise self.fault(f"{key}.{name}", f" is empty; say {missing}.")
        if "rule" not in table:
            raise self.fault(
                key, ' has no rule; name the one it accepts findings of, e.g. rule = "not-shuffled".'
            )
        rule = self.rule(f"{key}.rule", table["rule"]).declaration.name
        if "reason" not in table:
            example = 'e.g. reason = "a time series"'
            raise self.fault(key, f" has no reason; say why findings of {rule} are no fault here, {example}.")
        given = {name: table[name] for name in ("where", "script") if name in table}
        return Suppression(rule, table["reason"].strip(), **given)

    def rule(self, key: str, word: str) -> LoadedRule:
        try:
            return find_rule(word)
        except UnknownNameError as error:
            raise self.fault(key, f": {error}") from None

    def table(self, key: str, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.fault(key, f" takes a table, not {_kind(value)}.")
        return value

    def known(self, key: str, table: Iterable[str], names: Sequence[str], lead: str = "keys are") -> None:
        for name in table:
            if name not in names:
                whole = f"{key}.{name}" if key else name
                near = nearest(name, names)
                if not key and name == "tool" and not self.prefix:
                    near = "; in a file of this name settings stand at the top, without [tool.gradwise]"
                raise self.fault(whole, f" is unknown{near}; {lead} {', '.join(names)}.")

    def fault(self, key: str, rest: str) -> SettingsError:
        return SettingsError(f"{shown_file(self.file)}: {self.prefix}{key}{rest}")


def _kind(value: Any) -> str:
    """What a TOML value is, in words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return _KINDS.get(type(value), "a date or time")
