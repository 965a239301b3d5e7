"""The training parts of a script: optimizers, steps, backward passes, loops, losses, models, loaders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.facts import Facts
from gradwise.heal.edits.script.reading import Script, argument

# Optimizers of torch and the rate that each takes where it is told none (torch 2.x).
RATES = {
    **dict.fromkeys(("SGD", "Adam", "AdamW", "RAdam", "SparseAdam"), 1e-3),
    **dict.fromkeys(("NAdam", "Adamax"), 2e-3),
    **dict.fromkeys(("RMSprop", "Adagrad", "ASGD", "Rprop"), 1e-2),
    **dict.fromkeys(("Adadelta", "LBFGS"), 1.0),
}
SCHEDULES = "torch.optim.lr_scheduler."
SCALERS = ("torch.amp.GradScaler", "torch.cuda.amp.GradScaler", "torch.GradScaler")
LOADER = "torch.utils.data.DataLoader"


@dataclass(frozen=True, slots=True)
class Made:
    """A call that makes something, and the name it is given ("" where it has none)."""

    call: cst.Call
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One call that lets an optimizer step, directly or through a scaler."""

    call: cst.Call
    optimizer: str
    scaler: str = ""


def name_of(script: Script, call: cst.CSTNode) -> str:
    """The one name to which a value is assigned, as written."""
    around = script.parent(call)
    if isinstance(around, cst.Assign) and len(around.targets) == 1:
        target = around.targets[0].target
        return script.text(target) if isinstance(target, cst.Name | cst.Attribute) else ""
    if isinstance(around, cst.AnnAssign):
        return script.text(around.target)
    return ""


def made_from(script: Script, prefix: str, kinds: Sequence[str] | None = None) -> list[Made]:
    """Calls of what lies under a prefix, as ``torch.optim.``."""
    found = []
    for call, full in script.calls:
        kind = full.removeprefix(prefix)
        if full.startswith(prefix) and "." not in kind and (kinds is None or kind in kinds):
            found.append(Made(call, kind, name_of(script, call)))
    return found


def optimizers(script: Script, facts: Facts) -> list[Made]:
    """The optimizers that the run has made.

    Raises:
        UncertainError: none stands in the script, or several of which the run may have made one.
    """
    found = made_from(script, "torch.optim.", tuple(RATES))
    if not found:
        raise UncertainError("no optimizer of torch.optim is made in this file")
    if facts.optimizers:
        found = [made for made in found if made.kind in facts.optimizers]
        if not found:
            raise UncertainError(f"the {facts.optimizers[0]} that ran is not made in this file")
    if len(found) > 1 and sorted(made.kind for made in found) != sorted(facts.optimizers):
        lines = " and ".join(str(script.line(made.call)) for made in found)
        raise UncertainError(f"optimizers are made in lines {lines}, and which of them ran is not certain")
    return found


def one_optimizer(script: Script, facts: Facts) -> Made:
    """The only optimizer, which has a name.

    Raises:
        UncertainError: there are several, or it has no name.
    """
    found = optimizers(script, facts)
    if len(found) > 1:
        raise UncertainError(
            f"several optimizers are made (lines {', '.join(str(script.line(m.call)) for m in found)})"
        )
    if not found[0].name:
        raise UncertainError(f"the optimizer of line {script.line(found[0].call)} is given no name there")
    return found[0]


def schedulers(script: Script) -> list[Made]:
    """The learning-rate schedulers of torch that are made."""
    return made_from(script, SCHEDULES)


def steps(script: Script) -> list[Step]:
    """Every call that lets an optimizer step.

    Raises:
        UncertainError: there is none, or it takes a closure.
    """
    known = {made.name.split(".")[-1] for made in made_from(script, "torch.optim.", tuple(RATES))} - {""}
    schedule = {made.name for made in schedulers(script)}
    scalers = {name_of(script, call) for call in script.calls_of(*SCALERS)}
    found = []
    for call in script.methods("step"):
        receiver = script.receiver(call)
        last = receiver.split(".")[-1]
        if receiver in scalers or "scaler" in last.lower():
            found.append(Step(call, script.text(call.args[0].value) if call.args else "", receiver))
        elif receiver not in schedule and (last in known or "opt" in last.lower()):
            if call.args:
                raise UncertainError(f"the step of line {script.line(call)} takes a closure")
            found.append(Step(call, receiver))
    if not found:
        raise UncertainError("no call of an optimizer's step stands in this file")
    return found


def backwards(script: Script) -> list[cst.Call]:
    """Every backward pass.

    Raises:
        UncertainError: there is none.
    """
    found = [call for call in script.methods("backward") if not call.args or call.args[0].keyword is not None]
    if not found:
        raise UncertainError("no backward stands in this file")
    return found


def loop(script: Script, node: cst.CSTNode) -> cst.For | cst.While | None:
    """The innermost loop around a node within its function."""
    for each in script.around(node):
        if isinstance(each, cst.FunctionDef | cst.Lambda | cst.ClassDef):
            return None
        if isinstance(each, cst.For | cst.While):
            return each
    return None


def loops(script: Script, node: cst.CSTNode) -> list[cst.For | cst.While]:
    """All loops around a node within its function, innermost first."""
    found: list[cst.For | cst.While] = []
    inner = loop(script, node)
    while inner is not None:
        found.append(inner)
        inner = loop(script, inner)
    return found


def function(script: Script, node: cst.CSTNode) -> cst.FunctionDef | None:
    """The function in which a node stands."""
    found = script.enclosing(node, cst.FunctionDef)
    return found if isinstance(found, cst.FunctionDef) else None


def model_of(script: Script, made: Made) -> str:
    """The model whose parameters an optimizer is given, as written; "" where it is no ``x.parameters()``."""
    first = argument(made.call, "params", 0)
    text = "" if first is None else script.text(first.value)
    name = text.removesuffix(".parameters()")
    return name if text != name and name.replace(".", "").replace("_", "").isalnum() else ""


def models(script: Script) -> set[str]:
    """Last names of everything whose parameters some optimizer is given, or whose mode is set."""
    found = {model_of(script, made) for made in made_from(script, "torch.optim.", tuple(RATES))}
    found |= {script.receiver(call) for call in script.methods("train", "eval") if len(call.args) < 2}
    return {name.split(".")[-1] for name in found if name and name != "self"}


def model_calls(script: Script) -> list[cst.Call]:
    """Every call of a model."""
    known = models(script)
    return [
        call
        for call in script.all(cst.Call)
        if isinstance(call.func, cst.Name | cst.Attribute)
        and script.text(call.func).split(".")[-1] in known
        and not script.qualified(call.func)
    ]


def training_function_names(script: Script) -> set[str]:
    """Names of the functions in which a backward stands."""
    found = {function(script, call) for call in script.methods("backward")}
    return {each.name.value for each in found if each is not None}


def training_loops(script: Script) -> list[cst.For | cst.While]:
    """The innermost loops in which a backward runs, through a function too where it has no loop."""
    found = [loop(script, call) for call in backwards(script)]
    if all(each is None for each in found):
        names = training_function_names(script)
        callers = [call for call in script.all(cst.Call) if script.text(call.func).split(".")[-1] in names]
        found = [loop(script, call) for call in callers]
    kept = [each for each in found if each is not None]
    if not kept:
        raise UncertainError("no loop around a backward stands in this file")
    return list({id(each): each for each in kept}.values())


def training_places(script: Script) -> list[cst.CSTNode]:
    """What a backward runs in: the innermost loop of its function, else the function."""
    found = [loop(script, call) or function(script, call) for call in backwards(script)]
    return list({id(each): each for each in found if each is not None}.values())


def loaders(script: Script) -> list[Made]:
    """The DataLoaders that are made."""
    return [Made(call, "DataLoader", name_of(script, call)) for call in script.calls_of(LOADER)]


def training_loader(script: Script) -> Made:
    """The one DataLoader that training draws from.

    Raises:
        UncertainError: none, or several that may be meant.
    """
    found = all_of_them = loaders(script)
    if len(found) > 1:
        drawn = _drawn_from(script)
        named = [made for made in found if made.name and made.name.rpartition(".")[2] in drawn]
        found = [made for made in named or found if len(named) == 1 or "train" in made.name.lower()]
    if len(found) != 1:
        words = "which DataLoader training draws from is not certain"
        raise UncertainError(words if all_of_them else "no DataLoader is made")
    return found[0]


def _drawn_from(script: Script) -> set[str]:
    """Names in the heads of training loops, and those handed to functions that train."""
    names = training_function_names(script)
    nodes: list[cst.CSTNode] = [each.iter for each in training_loops(script) if isinstance(each, cst.For)]
    nodes += [
        arg
        for call in script.all(cst.Call)
        if script.text(call.func).rpartition(".")[2] in names
        for arg in call.args
    ]
    return {name.value for node in nodes for name in script.all(cst.Name, node)}
