"""First weights: a function that draws them, applied before the optimizer is made."""

from __future__ import annotations

from collections.abc import Callable

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.training import model_of, one_optimizer
from gradwise.heal.edits.script.values import shown

LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "RNN", "LSTM", "GRU")


def drawn(order: Order, word: str, fill: Callable[[str], str]) -> Done:
    """Draw matrices anew and set their biases to 0.

    Args:
        order: what is to be done.
        word: name of the function that is put in.
        fill: writes the call that draws ``weight``, given how torch.nn is written.

    Raises:
        UncertainError: the model has no name there, or its weights are of its own making or loaded.
    """
    script, made = order.script, one_optimizer(order.script, order.facts)
    model = model_of(script, made)
    if not model:
        raise UncertainError(f"line {script.line(made.call)}: which model is meant is not certain")
    here = set(order.facts.modules.values()) or {name.rpartition(".")[2] for _, name in script.calls}
    kinds = [kind for kind in LAYERS if kind in here]
    if not kinds:
        raise UncertainError(
            "the model's weights are not those of torch's layers; draw them where they are made"
        )
    loaded = [*script.methods("load_state_dict", "from_pretrained"), *script.calls_of("torch.hub.load")]
    loaded = [call for call in loaded if script.line(call) < script.line(made.call)]
    if loaded:
        raise UncertainError(f"line {script.line(loaded[0])} loads weights, which must stay")
    own = [] if order.where else list(script.calls_of("torch.nn.Parameter", "torch.nn.parameter.Parameter"))
    if own:
        raise UncertainError(
            f"line {script.line(own[0])} makes a weight that belongs to no layer; draw it there as well"
        )
    nn, imports = script.spelled("torch.nn")
    if "Linear" not in kinds:
        kinds.insert(0, "Linear")
    scale, name = order.dose("scale", 1.0), script.free_name(word, f"{word}_weights")
    lines = [
        f"def {name}(layer):",
        f"\tif isinstance(layer, ({', '.join(f'{nn}.{kind}' for kind in kinds)})):"
        if len(kinds) > 1
        else f"\tif isinstance(layer, {nn}.{kinds[0]}):",
        "\t\tfor weight in layer.parameters(recurse=False):",
        "\t\t\tif weight.dim() > 1:",
        f"\t\t\t\t{fill(nn)}",
        *([f"\t\t\t\tweight.data.mul_({shown(scale)})"] if scale != 1 else []),
        "\t\t\telse:",
        f"\t\t\t\t{nn}.init.zeros_(weight)",
        "",
        *_applied(order, model, name),
    ]
    statement = script.statement(made.call)
    return Done(
        [*imports, script.before(statement, lines)],
        f"weights of {model} are drawn anew (before line {script.line(statement)})",
    )


def _applied(order: Order, model: str, name: str) -> list[str]:
    """The function applied to the whole model, or to the modules that are meant."""
    if not order.where:
        return [f"{model}.apply({name})"]
    if any(set(each) & set("*?[") for each in order.where):
        raise UncertainError("its places are patterns; name the modules")
    return [f'{name}({model}.get_submodule("{each}"))' for each in order.where]
