"""Places in a training script that mutation operators change, found in its syntax tree.

A mutant is only run, never shown, so comments and layout may be lost.  Every
operator gets a tree of its own and returns whether it changed anything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Optimizers whose rate is a plain argument (LBFGS chooses its own steps).
OPTIMIZERS = ("SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adagrad", "RMSprop", "SparseAdam", "Adamax")
# What people call labels, so that inputs are not taken for them.
LABEL = re.compile(r"([yY]|t|c)|(train_?|tr_?)([yY]|targets?|labels?)|[yY](_?tr(ain)?)|.*(targets?|labels?)")
CLASS_LOSSES = ("cross_entropy", "binary_cross_entropy_with_logits", "binary_cross_entropy", "nll_loss")
CLASS_CRITERIA = ("CrossEntropyLoss", "BCEWithLogitsLoss", "BCELoss", "NLLLoss")


@dataclass(frozen=True, slots=True)
class Built:
    """A statement ``name = SomeOptimizer(model.parameters(), ...)``.

    Args:
        call: the constructor call.
        name: what the optimizer is called.
        model: the name whose parameters it takes first; "" when they come otherwise.
        body: the statements it stands among.
        index: where.
    """

    call: ast.Call
    name: str
    model: str
    body: list[ast.stmt]
    index: int


def bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                yield block


def called(node: ast.AST) -> str:
    """Last part of the name that a call calls; "" for anything else."""
    func = node.func if isinstance(node, ast.Call) else None
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def calls(tree: ast.AST, *names: str) -> list[ast.Call]:
    """Calls of functions, methods or classes with one of these names."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) in names]


def optimizers(tree: ast.AST) -> list[Built]:
    """The statements that build optimizers, in order of the text."""
    found = []
    for body in bodies(tree):
        for index, statement in enumerate(body):
            if isinstance(statement, ast.Assign) and called(statement.value) in OPTIMIZERS:
                target, call = statement.targets[0], statement.value
                if isinstance(target, ast.Name) and isinstance(call, ast.Call):
                    found.append(Built(call, target.id, _model(call), body, index))
    return sorted(found, key=lambda built: built.call.lineno)


def _model(call: ast.Call) -> str:
    for inner in calls(call, "parameters"):
        if isinstance(inner.func, ast.Attribute) and isinstance(inner.func.value, ast.Name):
            return inner.func.value.id
    return ""


def method_statements(
    tree: ast.AST, method: str, *, of: Sequence[str] = ()
) -> list[tuple[list[ast.stmt], int]]:
    """Statements that are a call of a method, last first, so that they can be removed in turn.

    Args:
        tree: the script.
        method: name of the method.
        of: only on these names; any when empty.
    """
    found = []
    for body in bodies(tree):
        for index, statement in enumerate(body):
            call = statement.value if isinstance(statement, ast.Expr) else None
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == method
            ):
                owner = call.func.value
                if not of or (isinstance(owner, ast.Name) and owner.id in of):
                    found.append((body, index))
    return found[::-1]


def put(body: list[ast.stmt], index: int, source: str) -> None:
    """Insert statements."""
    body[index:index] = ast.parse(source).body


def expression(source: str) -> ast.expr:
    """One expression."""
    return ast.parse(source, mode="eval").body


def replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> bool:
    """Put a node in the place of another one."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return True
            if isinstance(value, list):
                for place, item in enumerate(value):
                    if item is old:
                        value[place] = new
                        return True
    return False


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    """The keyword argument of a call, if it has it."""
    return next((k for k in call.keywords if k.arg == name), None)


def criterion_calls(tree: ast.AST, functions: Sequence[str], classes: Sequence[str]) -> list[ast.Call]:
    """Calls of losses: of the functions themselves, or of names that hold one of the classes."""
    held = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and called(node.value) in classes
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [call for call in calls(tree, *functions, *held) if len(call.args) >= 2]


def classifies(tree: ast.AST) -> bool:
    """A loss for classes is used somewhere."""
    return bool(criterion_calls(tree, CLASS_LOSSES, CLASS_CRITERIA))


def shuffled_loaders(tree: ast.AST) -> list[tuple[ast.Call, ast.Call]]:
    """Pairs of a shuffling loader and the ``TensorDataset(inputs, labels)`` written inside it."""
    found = []
    for loader in calls(tree, "DataLoader"):
        shuffle = keyword(loader, "shuffle")
        asked = (
            shuffle is not None and isinstance(shuffle.value, ast.Constant) and shuffle.value.value is True
        )
        data = loader.args[0] if loader.args else None
        if not asked or not isinstance(data, ast.Call) or called(data) != "TensorDataset":
            continue
        if len(data.args) == 2 and not any(isinstance(arg, ast.Starred) for arg in data.args):
            found.append((loader, data))
    return found


@dataclass(frozen=True, slots=True)
class Round:
    """A loop that draws an order with ``torch.randperm`` and takes labels by it.

    Args:
        loop: the innermost loop around the draw.
        draw: the call of randperm.
        labels: where labels are taken by an index.
        name: what the labels are called.
    """

    loop: ast.For
    draw: ast.Call
    labels: tuple[ast.Subscript, ...]
    name: str


def rounds(tree: ast.AST) -> list[Round]:
    """The loops that shuffle by hand."""
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For)]
    found = []
    for draw in calls(tree, "randperm"):
        around = [loop for loop in loops if any(node is draw for node in ast.walk(loop))]
        if not around:
            continue
        loop = around[-1]  # walking is breadth first: the last one is the innermost
        taken = [
            node
            for node in ast.walk(loop)
            if isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Name)
            and isinstance(node.value, ast.Name)
            and LABEL.fullmatch(node.value.id)
        ]
        names = sorted({node.value.id for node in taken if isinstance(node.value, ast.Name)})
        if len(names) == 1:
            found.append(Round(loop, draw, tuple(taken), names[0]))
    return found
