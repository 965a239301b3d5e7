"""Options of the parts of a net, checked by what each takes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

from gradwise.errors import UsageError
from gradwise.registry import Span, check_options

Takes = Span | tuple[str, ...]  # the numbers, or the words, that an option takes


def checked(kind: str, name: str, given: Mapping[str, Any], options: Mapping[str, Takes]) -> dict[str, Any]:
    """The options as a maker takes them: words as they are declared, whole numbers whole, None left out.

    Args:
        kind: of the technique, for messages.
        name: of the technique.
        given: options with their values.
        options: those that there are, with the numbers or words that each takes.

    Raises:
        UsageError: an option that there is not, or a value that it does not take.

    >>> checked("activation", "gelu", {"approximate": None}, {"approximate": ("none", "tanh")})
    {'approximate': 'none'}
    """
    found: dict[str, Any] = {}
    spans = {word: takes for word, takes in options.items() if isinstance(takes, Span)}
    check_options(kind, name, given, options, spans)
    for word, value in given.items():
        takes = options[word]
        if isinstance(takes, Span):
            if value is not None:
                found[word] = int(value) if takes.whole else value
            continue
        found[word] = "none" if value is None else value  # the registry reads none as None
        if found[word] not in takes:
            shown = ", ".join(takes)
            raise UsageError(
                f"{kind} {name!r}: {word.replace('_', '-')} takes one of {shown}, not {value!r}."
            )
    return found


# Numbers that options of nets take, by the type of the parameter or, before that, by its name.
_SPANS = {
    "dropout": Span(0, 0.99),  # what --dropout takes
    "depth": Span(0, whole=True),
    "int": Span(1, whole=True),
    "float": Span(-math.inf),
}


def as_declared(
    net: str, given: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> dict[str, Any]:
    """Options of a net as its parameters are annotated; what the registry read as None is a word there.

    Args:
        net: its name, for messages.
        given: options with their values, all of them the net's.
        parameters: of its maker.

    Raises:
        UsageError: a value of another type, or a number out of range.

    >>> def maker(units: int = 8, norm: str = "none") -> None: ...
    >>> as_declared("mlp", {"units": 4.0, "norm": None}, inspect.signature(maker).parameters)
    {'units': 4, 'norm': 'none'}
    """
    written = {word: inspect.formatannotation(parameters[word].annotation).strip("'") for word in given}
    return {word: _as(net, word, value, written[word]) for word, value in given.items()}


def _as(net: str, word: str, value: Any, annotation: str) -> Any:
    kind, _, rest = annotation.partition(" | ")
    if kind == "str" and rest != "None" and value is None:
        return "none"
    if value is None and rest == "None":
        return None
    wanted = ""
    if kind in ("int", "float"):
        span = _SPANS.get(word, _SPANS[kind])
        wanted = span.refuses(value)
        value = int(value) if span.whole and not wanted else value
    elif kind == "Sequence[int]":
        held = value if isinstance(value, list | tuple) else ()
        several = held and not any(_SPANS["int"].refuses(each) for each in held)
        wanted = "" if several else "whole numbers from 1 on in parentheses"
    elif kind in ("bool", "str") and not isinstance(value, bool if kind == "bool" else str):
        wanted = "true or false" if kind == "bool" else "a word"
    if wanted:
        raise UsageError(f"net {net!r}: {word.replace('_', '-')} takes {wanted}, not {value!r}.")
    return value
