"""All nets, found by walking this package, and making one by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from gradwise.errors import UsageError
from gradwise.nets.net import SHAPES, Net, input_kind
from gradwise.nets.pixels import ImageShape
from gradwise.nets.settings import as_declared
from gradwise.registry import Registry, check_options, declared

# Modules of this package that are parts of nets, not nets.
_NOT_NETS = {
    "collection",
    "net",
    "activations",
    "norms",
    "embeddings",
    "lengths",
    "pixels",
    "settings",
    "stems",
    "residual",
    "style",
    "auxiliary",
    "inception_parts",
    "published",
}

NETS = Registry[Net]("net", group="gradwise.nets")
for _net in declared("gradwise.nets", "NETS", skip=_NOT_NETS):
    NETS.add(_net.name, _net, _net.aliases)


def make(name: str, *, outputs: int, **shape_and_options: Any) -> nn.Module:
    """A net by name, ready to be trained.

    Args:
        name: a name or alias of `NETS`, with options after a colon: ``resnet18:stem=small``.
        outputs: numbers that it puts out for one example.
        **shape_and_options: the shape of its input as `gradwise.data.examples.Encoder.shape` gives it (what
            the net does not need is passed over), and options of the net: ``units``, ``depth``, ``dropout``.

    Returns:
        A module that takes the tensors of `gradwise.data.examples.Examples.inputs` by position and returns
        (N, outputs): logits or standardised numbers.

    Raises:
        UnknownNameError: no net is called so.
        UsageError: the net does not take such an input, has no such option, or the option no such value.
    """
    proper, written = NETS.parse(name)
    kind = input_kind(shape_and_options)
    makers = NETS[proper].makers
    if kind not in makers:
        others = ", ".join(nets_for(kind))
        raise UsageError(f"net {proper!r} takes {' or '.join(makers)}, not {kind}; for {kind}: {others}.")
    if outputs < 1:
        raise UsageError(f"net {proper!r} needs 1 output or more, not {outputs}.")
    shape = {word: value for word, value in shape_and_options.items() if word in SHAPES[kind]}
    given = {word: value for word, value in shape_and_options.items() if word not in shape}
    given = checked_options(proper, kind, {**written, **given})
    return makers[kind](outputs=outputs, **_input(proper, kind, shape), **given)


def nets_for(kind: str) -> list[str]:
    """Names of the nets that take this kind of input (``table``, ``images``, ``series``, ``text``)."""
    return [name for name in NETS if kind in NETS[name].makers]


def options(name: str, kind: str) -> dict[str, Any]:
    """What a net on this kind of input can be told, with its defaults.

    Raises:
        UnknownNameError: no net is called so.

    >>> options("lenet-5", "images")
    {'activation': 'tanh', 'norm': 'none', 'pooling': 'avg', 'connections': 'full'}
    """
    not_options = {"outputs", "image", *SHAPES[kind]}
    parameters = _parameters(NETS[name].makers[kind])
    return {word: p.default for word, p in parameters.items() if word not in not_options}


def checked_options(name: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a net on this kind of input as its maker takes them.

    Args:
        name: a name or alias of `NETS` that takes this kind.
        kind: of the input.
        given: options with their values.

    Raises:
        UsageError: an option that the net has not, or a value that the option does not take.

    >>> checked_options("resnet18", "images", {"stem": "small", "units": 32.0})
    {'stem': 'small', 'units': 32}
    """
    proper = NETS.name(name)
    check_options("net", proper, given, options(proper, kind), {})
    return as_declared(proper, given, _parameters(NETS[proper].makers[kind]))


def _input(name: str, kind: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """The shape keywords as this net's module takes them; those that it does not name are left out."""
    parameters = _parameters(ImageShape if kind == "images" else NETS[name].makers[kind])
    missing = [word for word in SHAPES[kind] if word in parameters and word not in shape]
    missing = [word for word in missing if parameters[word].default is inspect.Parameter.empty]
    if missing:
        raise UsageError(f"net {name!r} on {kind} needs {', '.join(missing)}.")
    if kind == "images":
        sizes: dict[str, Any] = {
            word: tuple(value) if isinstance(value, list | tuple) else value for word, value in shape.items()
        }
        return {"image": ImageShape(**sizes)}
    return {word: value for word, value in shape.items() if word in parameters}


def _parameters(maker: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Parameters that are not yet set."""
    found = dict(inspect.signature(maker).parameters)
    for word in maker.keywords if isinstance(maker, partial) else ():
        del found[word]
    return found
