"""Holding a rule to the form that all rules keep."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import ModuleType

from gradwise.rules.rule import LoadedRule, Rule
from gradwise.testing.conduct import conduct_faults
from gradwise.testing.form import declaration_faults, page_faults, source_faults, source_of
from gradwise.trace.model import Trace

MIN_SICK, MIN_HEALTHY = 2, 4  # traces to judge by; false alarms are worse than misses


def check_rule(
    module: ModuleType,
    *,
    sick: Sequence[Trace],
    healthy: Sequence[Trace],
    cures: Sequence[str] = (),
) -> None:
    """See that a rule keeps the form of gradwise's own, which pass the same.

    Its page has the eight headings; its declaration is complete, and name and code are its own; it reads what
    it declares, and that exists; its numbers are constants with unit and source, and the threshold of a
    finding is one of them; its cures exist; it is a pure function of the trace; it finds something in every
    sick trace, and nothing in a healthy one, an empty one, and one that was cut short.

    Args:
        module: the rule's module, with its page as docstring, ``RULE`` and ``check(trace)``.
        sick: two runs or more in which it has to find something.
        healthy: four runs or more in which it has to find nothing; best the near miss and the look-alike.
        cures: names of remedies that the package ships where its entry points are not installed.

    Raises:
        AssertionError: the rule does not keep the form; the message lists everything that is wrong.
    """
    rule = loaded(module)
    faults = [
        *page_faults(rule),
        *declaration_faults(rule, cures),
        *source_faults(rule, source_of(rule)),
        *conduct_faults(rule, sick, healthy, cures),
    ]
    if len(sick) < MIN_SICK or len(healthy) < MIN_HEALTHY:
        faults.append(f"cases: at least {MIN_SICK} sick and {MIN_HEALTHY} healthy traces are needed")
    if faults:
        raise AssertionError(f"{module.__name__} does not keep the form of a rule:\n  " + "\n  ".join(faults))


def loaded(module: ModuleType) -> LoadedRule:
    """The rule in a module, whether or not the collection holds it.

    Raises:
        AssertionError: there is no ``RULE`` or no ``check`` in it.
    """
    declaration, check = getattr(module, "RULE", None), getattr(module, "check", None)
    if not isinstance(declaration, Rule) or not callable(check):
        raise AssertionError(f"{module.__name__} holds no `Rule` called RULE beside a function check(trace)")
    name = module.__name__
    return LoadedRule(declaration, check, inspect.getdoc(module) or "", name.rpartition(".")[2], name)
