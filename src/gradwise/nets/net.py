"""What a family of nets declares, and how the shape of an input is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from gradwise.errors import UsageError

# Keywords that describe an input, per kind; the first one tells the kind.
SHAPES: Mapping[str, tuple[str, ...]] = {
    "table": ("numbers", "categories"),
    "images": ("channels", "height", "width", "mean", "std", "contrast"),
    "series": ("features", "length"),
    "text": ("vocabulary", "length"),
}


@dataclass(frozen=True, slots=True)
class Net:
    """A net by name.

    Args:
        name: its usual name.
        makers: by kind of input (``table``, ``images``, ``series``, ``text``): the module to call with
            ``outputs``, the shape keywords that it names (for images: ``image``, an `ImageShape`), options.
        summary: one clause.
        aliases: other names.
    """

    name: str
    makers: Mapping[str, Callable[..., nn.Module]]
    summary: str
    aliases: tuple[str, ...] = ()


def input_kind(shape: Mapping[str, Any]) -> str:
    """The kind of input that these keywords describe.

    Raises:
        UsageError: they describe none.

    >>> input_kind({"channels": 3, "height": 32, "width": 32})
    'images'
    """
    for kind, words in SHAPES.items():
        if words[0] in shape:
            return kind
    known = "; ".join(f"{kind}: {', '.join(words)}" for kind, words in SHAPES.items())
    raise UsageError(f"a net needs the shape of its input ({known}), got {', '.join(shape) or 'nothing'}.")
