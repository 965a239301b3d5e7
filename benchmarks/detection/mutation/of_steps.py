"""Mutations of how weights are moved: rates, gradients, what the optimizer holds."""

from __future__ import annotations

import ast

from benchmarks.detection.mutation.edits import (
    Built,
    called,
    calls,
    expression,
    keyword,
    method_statements,
    optimizers,
    put,
    replace,
)

# torch's rate where a script leaves it out.
DEFAULT_RATES = {"SGD": "1e-3", "Adagrad": "1e-2", "RMSprop": "1e-2", "Adamax": "2e-3", "NAdam": "2e-3"}
# What the mutants ask for (ours): a penalty that outweighs any loss, and a bound below any gradient.
STRONG_DECAY = "2.0"
TIGHT_BOUND = "1e-4"
# What is left of the rate after each step: below 1 % after 150 steps.
FADING = "0.97"
# What is left of the rounds, and the momentum with which steps are a hundred times longer.
FEWER = 12
LASTING = "0.99"


def rate_times(tree: ast.Module, factor: str) -> bool:
    """Every rate is multiplied, in constructors and in parameter groups."""
    changed = False
    for built in optimizers(tree):
        groups = [node for node in ast.walk(built.call) if isinstance(node, ast.Dict)]
        for group in groups:
            for place, key in enumerate(group.keys):
                if isinstance(key, ast.Constant) and key.value == "lr":
                    group.values[place] = _times(group.values[place], factor)
                    changed = True
        rate = keyword(built.call, "lr")
        if rate is not None:
            rate.value = _times(rate.value, factor)
        elif len(built.call.args) > 1:
            built.call.args[1] = _times(built.call.args[1], factor)
        else:
            default = DEFAULT_RATES.get(_kind(built), "1e-3")
            built.call.keywords.append(ast.keyword("lr", expression(f"{default} * {factor}")))
        changed = True
    return changed


def _times(value: ast.expr, factor: str) -> ast.expr:
    return ast.BinOp(value, ast.Mult(), expression(factor))


def _kind(built: Built) -> str:
    func = built.call.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def without_zero_grad(tree: ast.Module) -> bool:
    """No gradient is ever cleared."""
    return _removed(tree, "zero_grad", ())


def without_step(tree: ast.Module) -> bool:
    """No optimizer ever steps; schedules still do."""
    return _removed(tree, "step", [built.name for built in optimizers(tree)] or ["-"])


def _removed(tree: ast.Module, method: str, of: tuple[str, ...] | list[str]) -> bool:
    places = method_statements(tree, method, of=of)
    for body, index in places:
        body[index] = ast.copy_location(ast.Pass(), body[index])
    return bool(places)


def strong_decay(tree: ast.Module) -> bool:
    """Every optimizer decays its weights by far too much."""
    for built in optimizers(tree):
        given = keyword(built.call, "weight_decay")
        if given is not None:
            given.value = expression(STRONG_DECAY)
        else:
            built.call.keywords.append(ast.keyword("weight_decay", expression(STRONG_DECAY)))
    return bool(optimizers(tree)) and not calls(tree, "SparseAdam")


def tight_clip(tree: ast.Module) -> bool:
    """Gradients are cut to next to nothing before each step.  Not with optimizers that undo it."""
    changed = False
    for built in optimizers(tree):
        if _kind(built) == "SGD" and built.model:
            clip = f"__import__('torch').nn.utils.clip_grad_norm_({built.model}.parameters(), {TIGHT_BOUND})"
            for body, index in method_statements(tree, "step", of=[built.name]):
                put(body, index, clip)
                changed = True
    return changed


def fading_rate(tree: ast.Module) -> bool:
    """The rate shrinks after each step."""
    changed = False
    for built in optimizers(tree):
        for body, index in method_statements(tree, "step", of=[built.name]):
            put(body, index + 1, f"for _group in {built.name}.param_groups: _group['lr'] *= {FADING}")
            changed = True
    return changed


def few_rounds(tree: ast.Module) -> bool:
    """The outermost loop in which an optimizer steps is left after a twelfth of its rounds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and called(node.iter) == "range" and method_statements(node, "step"):
            counted = node.iter
            assert isinstance(counted, ast.Call)
            if len(counted.args) == 1:
                counted.args[0] = expression(f"max(({ast.unparse(counted.args[0])}) // {FEWER}, 1)")
                return True
    return False


def lasting_momentum(tree: ast.Module) -> bool:
    """SGD keeps nearly all of its speed from step to step."""
    changed = False
    for built in optimizers(tree):
        if _kind(built) == "SGD":
            built.call.keywords = [
                word for word in built.call.keywords if word.arg not in ("momentum", "nesterov")
            ]
            built.call.keywords.append(ast.keyword("momentum", expression(LASTING)))
            changed = True
    return changed


def last_layer_only(tree: ast.Module) -> bool:
    """The optimizer is given the last weight and bias, and nothing else."""
    changed = False
    for built in optimizers(tree):
        handed = built.call.args[0] if built.call.args else None
        if isinstance(handed, ast.Call) and ast.unparse(handed) == f"{built.model}.parameters()":
            changed |= replace(tree, handed, expression(f"list({built.model}.parameters())[-2:]"))
    return changed


def rebuilt_model(tree: ast.Module) -> bool:
    """After the optimizer was built the model is replaced by a copy of itself.

    Only where the model was built among the same statements, so that whoever uses it later sees the copy.
    """
    changed = False
    for built in reversed(optimizers(tree)):
        siblings = [s for s in built.body[: built.index] if isinstance(s, ast.Assign)]
        names = {ast.unparse(target) for s in siblings for target in s.targets}
        if built.model in names:
            put(built.body, built.index + 1, f"{built.model} = __import__('copy').deepcopy({built.model})")
            changed = True
    return changed
