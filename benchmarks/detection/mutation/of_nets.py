"""Mutations of the net: how it starts, what of it learns, what it computes, its modes."""

from __future__ import annotations

import ast

from benchmarks.detection.mutation.edits import (
    called,
    calls,
    expression,
    method_statements,
    optimizers,
    put,
    replace,
)

HIDDEN = ("relu", "tanh", "gelu", "elu", "leaky_relu", "silu")
HIDDEN_CLASSES = ("ReLU", "Tanh", "GELU", "ELU", "LeakyReLU", "SiLU")
# Where people take the functions from.
PLACES = ("F", "torch", "nn.functional", "torch.nn.functional", "functional", "")
HEAVY = "0.95"


def matrices(tree: ast.Module, action: str) -> bool:
    """Before the optimizer is built something is done to every weight matrix ``_p`` of its model."""
    changed = False
    for built in reversed(optimizers(tree)):
        if built.model:
            loop = f"for _p in {built.model}.parameters():\n    if _p.dim() > 1: {action}"
            put(built.body, built.index, loop)
            changed = True
    return changed


def frozen_but_last(tree: ast.Module) -> bool:
    """Everything but the last weight and bias stops learning before it has learnt anything."""
    changed = False
    for built in reversed(optimizers(tree)):
        if built.model:
            put(
                built.body,
                built.index,
                f"for _p in list({built.model}.parameters())[:-2]: _p.requires_grad_(False)",
            )
            changed = True
    return changed


def detached_hidden(tree: ast.Module) -> bool:
    """In every forward pass that is written out, the last hidden activation is cut off from the graph."""
    changed = False
    for forward in _forwards(tree):
        found = [c for c in calls(forward, *HIDDEN) if c.args or isinstance(c.func, ast.Attribute)]
        if found:
            last = max(found, key=lambda c: (c.lineno, -c.col_offset))
            cut = ast.Call(ast.Attribute(last, "detach", ast.Load()), [], [])
            changed |= replace(forward, last, cut)
    return changed


def _forwards(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "forward"]


def without_activations(tree: ast.Module) -> bool:
    """Hidden activations are left out, as layers and as calls in forward passes."""
    changed = False
    for layer in calls(tree, *HIDDEN_CLASSES):
        if isinstance(layer.func, ast.Attribute):
            layer.func.attr = "Identity"
            layer.args, layer.keywords = [], []
            changed = True
    for forward in _forwards(tree):
        while found := [c for c in calls(forward, *HIDDEN) if _input(c) is not None]:
            entering = _input(found[0])
            assert entering is not None
            changed |= replace(forward, found[0], entering)
    return changed


def _input(call: ast.Call) -> ast.expr | None:
    """What enters an activation: the argument of F.relu(x), the owner of x.relu()."""
    if isinstance(call.func, ast.Attribute) and not call.args:
        return call.func.value
    module = ast.unparse(call.func).rpartition(".")[0]
    return call.args[0] if call.args and module in PLACES else None


def heavy_dropout(tree: ast.Module) -> bool:
    """All dropout is so heavy that little is left."""
    changed = False
    for layer in [*calls(tree, "Dropout"), *calls(tree, "Dropout2d")]:
        layer.args, layer.keywords = [expression(HEAVY)], []
        changed = True
    return changed


def eval_while_training(tree: ast.Module) -> bool:
    """Where the script switches to training mode it switches to evaluation mode."""
    return _renamed(tree, "train", "eval")


def train_while_evaluating(tree: ast.Module) -> bool:
    """Where the script switches to evaluation mode it stays in training mode."""
    return _renamed(tree, "eval", "train")


def _renamed(tree: ast.Module, old: str, new: str) -> bool:
    models = {c.func.value.id for c in calls(tree, "parameters", "train", "eval") if _owned(c)}  # type: ignore[attr-defined]
    places = [
        body[index].value  # type: ignore[attr-defined]
        for body, index in method_statements(tree, old, of=sorted(models) or ["-"])
    ]
    changed = False
    for call in places:
        if called(call) == old and not call.args and not call.keywords:
            call.func.attr = new
            changed = True
    return changed


def _owned(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
