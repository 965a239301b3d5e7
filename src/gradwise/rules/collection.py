"""All rules, found by walking this package."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache

import gradwise.rules as package
from gradwise.errors import UnknownNameError
from gradwise.registry import nearest
from gradwise.rules.rule import LoadedRule, Rule

# Modules of this package that are shared reading aids, not rules.
_NOT_RULES = {"rule", "collection", "learning", "course", "motion"}


@cache
def all_rules() -> Mapping[str, LoadedRule]:
    """Every rule by name, ordered by code."""
    found: list[LoadedRule] = []
    for info in pkgutil.iter_modules(package.__path__):
        if info.name in _NOT_RULES:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        declaration: Rule = module.RULE
        found.append(LoadedRule(declaration, module.check, inspect.getdoc(module) or "", info.name))
    found.sort(key=lambda rule: rule.declaration.code)
    return {rule.declaration.name: rule for rule in found}


def find_rule(name_or_code: str) -> LoadedRule:
    """The rule of that name or catalogue code.

    Raises:
        UnknownNameError: no such rule; the message offers the nearest names.
    """
    rules = all_rules()
    wanted = name_or_code.strip().lower().replace("_", "-")
    for name, rule in rules.items():
        if wanted in (name, rule.declaration.code.lower()):
            return rule
    names = [*rules, *(rule.declaration.code for rule in rules.values())]
    raise UnknownNameError(
        f"no rule is called {name_or_code!r}{nearest(name_or_code, names)}; "
        "`gradwise explain --list` shows all."
    )
