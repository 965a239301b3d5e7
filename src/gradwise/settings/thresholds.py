"""Thresholds of a rule: which it has, and the same rule with others.

A rule with other thresholds is a second execution of its module's source, with other numbers behind the
names.  So everything that hangs on them follows (derived constants, default arguments, decorated functions),
the rule itself stays as it is, and two exams with different settings do not meet.
"""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import cast

from gradwise.errors import UsageError
from gradwise.rules.rule import Check, LoadedRule
from gradwise.settings.settings import Number

# Python 3.11 counts the depth of syntax trees once for all threads: two that build one at the same time fail
# now and then with "AST constructor recursion depth mismatch" (CPython issue 106905).
_one_tree_at_a_time = threading.Lock()


def thresholds(module: ModuleType) -> dict[str, Number]:
    """Numbers that the module itself declares as upper-case constants; empty where its source is not at hand.

    >>> import gradwise.rules.missing_zero_grad
    >>> thresholds(gradwise.rules.missing_zero_grad)
    {'STALE_SHARE': 0.6, 'LOOKED_AT': 4, 'MIN_SAMPLES': 4}
    """
    found: dict[str, Number] = {}
    for name, _ in _constants(_tree(module)):
        value = getattr(module, name, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = value
    return found


def thresholds_of(rule: LoadedRule) -> dict[str, Number]:
    """Thresholds of a rule of the collection."""
    module = sys.modules.get(rule.origin)
    return {} if module is None else thresholds(module)


def check_with(rule: LoadedRule, values: Mapping[str, Number]) -> Check:
    """The rule's check with other values behind its thresholds.

    Raises:
        UsageError: the rule's module cannot be executed with them.
    """
    module = sys.modules[rule.origin]
    tree = _tree(module)
    for name, node in _constants(tree):
        if name in values:
            node.value = ast.copy_location(ast.Constant(values[name]), node)
    copy = ModuleType(module.__name__)
    kept = ("__file__", "__package__", "__spec__", "__loader__")
    copy.__dict__.update({name: getattr(module, name, None) for name in kept})
    try:
        whole = ast.fix_missing_locations(tree)
        with _one_tree_at_a_time:
            code = compile(whole, module.__file__ or rule.origin, "exec", dont_inherit=True)
        exec(code, copy.__dict__)
    except Exception as error:  # a derived constant may divide by one that was set to zero
        given = ", ".join(f"{name} = {value}" for name, value in values.items())
        raise UsageError(f"{given} cannot be used: {type(error).__name__}: {error}.") from error
    return cast("Check", copy.__dict__["check"])


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    """Public upper-case names that the module binds to a value at its top."""
    for node in tree.body:
        target: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target = node.target
        if isinstance(target, ast.Name) and target.id.isupper() and not target.id.startswith("_"):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            yield target.id, node


def _tree(module: ModuleType) -> ast.Module:
    """The module's source, parsed; empty where there is none (or it cannot be had)."""
    loader = getattr(module.__spec__, "loader", None)
    get_source = getattr(loader, "get_source", None)
    try:
        source = get_source(module.__name__) if get_source is not None else None
    except (ImportError, OSError, SyntaxError):
        source = None
    with _one_tree_at_a_time:
        return ast.parse(source or "")
