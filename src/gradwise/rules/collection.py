"""All rules: those of this package, found by walking it, and those that other packages ship."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Mapping
from functools import cache

import gradwise.rules as package
from gradwise.errors import UnknownNameError
from gradwise.registry import Shipped, nearest, shipped
from gradwise.rules.rule import LoadedRule, Rule

# Modules of this package that are shared reading aids, not rules.
_NOT_RULES = {
    "rule", "collection", "learning", "course", "motion", "signal_path", "calls", "trend", "yardstick",
    "ordered_labels", "ordered_numbers", "tried_rates",
}  # fmt: skip


# Where other packages offer theirs: one entry point for each rule, its value the rule's module.
ENTRY_POINTS = "gradwise.rules"
# Codes of one letter are ours, also those that no rule has yet; others put letters of their own before it.
SHIPPED_CODE = re.compile(r"[A-Z]{2,8}\d{2,4}")


@cache
def own_rules() -> Mapping[str, LoadedRule]:
    """Every rule of gradwise itself by name, ordered by code."""
    found: list[LoadedRule] = []
    for info in pkgutil.iter_modules(package.__path__):
        if info.name in _NOT_RULES:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        declaration: Rule | None = vars(module).get("RULE")
        if declaration is None:  # a reading aid that is not listed; a house test says so
            continue
        page = inspect.getdoc(module) or ""
        found.append(LoadedRule(declaration, module.check, page, info.name, module.__name__))
    found.sort(key=lambda rule: rule.declaration.code)
    return {rule.declaration.name: rule for rule in found}


def all_rules() -> Mapping[str, LoadedRule]:
    """Every rule by name: ours ordered by code, then those of other packages by package and code."""
    return _collected()[0]


def left_out() -> tuple[str, ...]:
    """A sentence for each rule of another package that cannot be used."""
    return _collected()[1]


def reading_aids() -> frozenset[str]:
    """Modules of this package that any rule may import: its form, and what several rules share."""
    return frozenset(_NOT_RULES - {"collection"})


@cache
def _collected() -> tuple[Mapping[str, LoadedRule], tuple[str, ...]]:
    rules, problems = dict(own_rules()), list[str]()
    offered = [(offer, _offered(offer)) for offer in shipped(ENTRY_POINTS)]
    offered.sort(key=lambda one: (one[0].package, one[1].declaration.code if one[1] else ""))
    for offer, rule in offered:
        problem = offer.problem or _unfit(rule, rules)
        if rule is None or problem:
            origin = offer.package or "an unnamed package"
            problems.append(f"rule {offer.name} of {origin} is left out: {problem}")
        else:
            rules[rule.declaration.name] = rule
    return rules, tuple(problems)


def _offered(offer: Shipped) -> LoadedRule | None:
    """The rule in a module of another package; None when it does not hold one."""
    module = offer.module
    declaration, check = getattr(module, "RULE", None), getattr(module, "check", None)
    if module is None or not isinstance(declaration, Rule) or not callable(check):
        return None
    page = inspect.getdoc(module) or ""
    name = module.__name__
    return LoadedRule(declaration, check, page, name.rpartition(".")[2], name, offer.package)


def _unfit(rule: LoadedRule | None, rules: Mapping[str, LoadedRule]) -> str:
    """Why a rule of another package cannot join; "" where it can."""
    if rule is None:
        return "its module holds no `Rule` called RULE beside a function check(trace)"
    told = rule.declaration
    if not SHIPPED_CODE.fullmatch(told.code):
        return f"its code is {told.code!r}, not two letters or more and a number, e.g. ACME01"
    for other in rules.values():
        if told.name == other.declaration.name:
            return f"the name {told.name} is taken ({other.source})"
        if told.code == other.declaration.code:
            return f"the code {told.code} is taken by {other.declaration.name} ({other.source})"
    return ""


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
        f"no rule is called {name_or_code!r}{nearest(name_or_code, names)}; `gradwise rules` lists all."
    )
