"""One class of optimizer in the place of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Order
from gradwise.heal.edits.script.options import written
from gradwise.heal.edits.script.training import Made


def turned(
    order: Order, made: Made, kind: str, keeps: Sequence[str], options: Mapping[str, str]
) -> list[Change]:
    """Changes that make an optimizer of another class.

    Args:
        order: what is to be done.
        made: the optimizer.
        kind: its new class.
        keeps: arguments that the new class takes too.
        options: arguments with new values.

    Raises:
        UncertainError: its arguments are not told by their names.
    """
    script, call = order.script, made.call
    written(script, [made], "lr")  # refuses what cannot be followed
    plain = [arg for arg in call.args if arg.keyword is None]
    if len(plain) > 2:
        raise UncertainError(f"line {script.line(call)}: options are given by their places")
    arguments = []
    for place, arg in enumerate(call.args):
        word = arg.keyword.value if arg.keyword is not None else ("params", "lr")[place]
        if word in options or word not in keeps:
            continue
        arguments.append(script.text(arg).rstrip(", \n"))
    arguments += [f"{word}={value}" for word, value in options.items()]
    if b"#" in script.data[slice(*script.span(call))] or any("\n" in each for each in arguments):
        raise UncertainError(
            f"line {script.line(call)}: the call is written over several lines with comments"
        )
    name, imports = script.spelled(f"torch.optim.{kind}")
    return [script.replaced(call, f"{name}({', '.join(arguments)})"), *imports]
