"""Mutations of what the net is given and of what its answers are compared with."""

from __future__ import annotations

import ast
import copy
import re

from benchmarks.detection.mutation.edits import (
    called,
    calls,
    classifies,
    criterion_calls,
    expression,
    keyword,
    put,
    replace,
    rounds,
    shuffled_loaders,
)

# Share of the labels that are made wrong, and by how much inputs grow.
WRONG = 0.3
GROWN = "1000.0"
SCALES = (16, 16.0, 255, 255.0)
INPUT = re.compile(r"([xX]|d|data|digits|raw|images?|img|pixels|features?)(_?\w*)")
SPREAD = re.compile(r"std|(^|\W)(sd|sigma)\b")
WRONG_LABELS = f"""
def _mislabelled(labels):
    import torch
    draw = torch.Generator().manual_seed(0)
    labels = labels.clone()
    hit = torch.rand(len(labels), generator=draw) < {WRONG}
    classes = int(labels.max()) + 1
    other = torch.randint(1, max(classes, 2), labels[hit].shape, generator=draw)
    labels[hit] = (labels[hit] + other) % classes
    return labels
"""


def grown_inputs(tree: ast.Module) -> bool:
    """What the script does to bring its inputs to a common scale is made up for, in training and evaluation.

    Only in scripts that tell classes apart: elsewhere the same numbers may be targets.
    """
    if not classifies(tree):
        return False
    places = [node for node in ast.walk(tree) if isinstance(node, ast.expr) and _scales(node)]
    for place in places:
        replace(tree, place, ast.BinOp(place, ast.Mult(), expression(GROWN)))
    return bool(places)


def _scales(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and called(node) in ("fit_transform", "transform"):
        return "caler" in ast.unparse(node.func) or ast.unparse(node.func).startswith(("sc.", "ss."))
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return False
    if not INPUT.fullmatch(_root(node.left)):
        return False
    if isinstance(node.right, ast.Constant):
        return node.right.value in SCALES
    subtracts = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Sub)
    return subtracts and bool(SPREAD.search(ast.unparse(node.right)))


def _root(node: ast.expr) -> str:
    """The name that an expression begins with; of a call of a function, its first argument's."""
    if isinstance(node, ast.BinOp):
        return _root(node.left)
    if isinstance(node, ast.Attribute | ast.Subscript):
        return _root(node.value)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) not in ("torch", "np"):
            return _root(node.func.value)
        return _root(node.args[0]) if node.args else ""
    return node.id if isinstance(node, ast.Name) else ""


def sorted_by_label(tree: ast.Module) -> bool:
    """Rows come ordered by their labels, in loaders and in loops that draw an order by hand."""
    changed = False
    for loader, data in shuffled_loaders(tree):
        inputs, labels = data.args
        order = f"({ast.unparse(labels)}).flatten().argsort()"
        data.args = [expression(f"({ast.unparse(part)})[{order}]") for part in (inputs, labels)]
        shuffle = keyword(loader, "shuffle")
        assert shuffle is not None
        shuffle.value = ast.Constant(value=False)
        changed = True
    for found in rounds(tree):
        by_label = expression(f"{found.name}[:{_count(found.draw)}].flatten().argsort()")
        changed |= replace(tree, found.draw, by_label)
    return changed


def _count(draw: ast.Call) -> str:
    return ast.unparse(draw.args[0])


def wrong_labels(tree: ast.Module) -> bool:
    """Of the labels trained on, 30 % are those of other classes, the same in every epoch."""
    if not classifies(tree):
        return False
    changed = False
    for _, data in shuffled_loaders(tree):
        data.args[1] = expression(f"_mislabelled({ast.unparse(data.args[1])})")
        changed = True
    for found in rounds(tree):
        outer = _outermost(tree, found.loop)
        for place in found.labels:
            place.value = ast.Name("_told", ast.Load())
        put(outer[0], outer[1], f"_told = _mislabelled({found.name})")
        changed = True
    if changed:
        heads = (ast.Import, ast.ImportFrom, ast.Expr)  # imports, and the docstring
        first = next(i for i, s in enumerate(tree.body) if not isinstance(s, heads))
        put(tree.body, first, WRONG_LABELS)
    return changed


def _outermost(tree: ast.Module, loop: ast.For) -> tuple[list[ast.stmt], int]:
    """The outermost loop around a loop, within its function: the statements it stands among, and where."""
    scopes: list[ast.AST] = [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))]
    inner = [scope for scope in scopes if any(node is loop for node in ast.walk(scope))][-1]
    body = inner.body  # type: ignore[attr-defined]
    for index, statement in enumerate(body):
        if any(node is loop for node in ast.walk(statement)):
            return body, index
    raise LookupError("the loop stands in no body")


def same_batch(tree: ast.Module) -> bool:
    """Loops over a random order in parts go over the first part again and again."""
    changed = False
    for split in calls(tree, "split"):
        draw = split.func.value if isinstance(split.func, ast.Attribute) else None
        if draw is not None and called(draw) == "randperm" and isinstance(draw, ast.Call) and split.args:
            size, rows = ast.unparse(split.args[0]), _count(draw)
            again = f"[__import__('torch').arange({size})] * (({rows}) // ({size}))"
            changed |= replace(tree, split, expression(again))
    return changed


def softmax_first(tree: ast.Module) -> bool:
    """A softmax is taken before the loss that takes one itself."""
    places = criterion_calls(tree, ("cross_entropy",), ("CrossEntropyLoss",))
    for call in places:
        call.args[0] = _method(call.args[0], "softmax", 1)
    return bool(places)


def sigmoid_first(tree: ast.Module) -> bool:
    """A sigmoid is taken before the loss that takes one itself."""
    names = ("binary_cross_entropy_with_logits",)
    places = criterion_calls(tree, names, ("BCEWithLogitsLoss",))
    for call in places:
        call.args[0] = _method(call.args[0], "sigmoid")
    return bool(places)


def bounded_answer(tree: ast.Module) -> bool:
    """Answers pass through a sigmoid before they are compared with targets of any size."""
    places = criterion_calls(tree, ("mse_loss", "l1_loss"), ("MSELoss", "L1Loss"))
    for call in places:
        call.args[0] = _method(call.args[0], "sigmoid")
    return bool(places)


def flat_target(tree: ast.Module) -> bool:
    """Targets lose their column, so that each answer is compared with all of them."""
    places = criterion_calls(tree, ("mse_loss", "l1_loss"), ("MSELoss", "L1Loss"))
    for call in places:
        call.args[1] = _method(call.args[1], "reshape", -1)
    return bool(places)


def _method(value: ast.expr, name: str, *arguments: int) -> ast.expr:
    given = [expression(repr(argument)) for argument in arguments]
    return ast.Call(ast.Attribute(copy.deepcopy(value), name, ast.Load()), list[ast.expr](given), [])
