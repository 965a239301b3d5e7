"""Options of the parts of a net, checked by what each takes."""

from __future__ import annotations

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
