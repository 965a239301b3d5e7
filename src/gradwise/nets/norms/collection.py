"""All norm layers, found by walking this package, and making one by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from gradwise.errors import UnknownNameError
from gradwise.nets.norms.norm import Norm
from gradwise.registry import Registry, declared

NONE = "none"  # no norm layer
# Modules of this package that hold no norms.
_NO_NORMS = {"collection", "norm"}

NORMS = Registry[Norm]("norm", group="gradwise.norms")
for _each in declared("gradwise.nets.norms", "NORMS", skip=_NO_NORMS):
    NORMS.add(_each.name, _each, _each.aliases)


def make(name: str, channels: int, *, axes: int, **options: Any) -> nn.Module:
    """A norm layer by name; ``none`` changes nothing.

    Args:
        name: a name or alias of `NORMS`, with options after a colon: ``group-norm:groups=8``; or ``none``.
        channels: of the layer before it.
        axes: behind the channels: 0 for rows (N, C), 1 for series (N, C, T), 2 for maps (N, C, H, W).
        **options: of the norm, e.g. ``groups``, ``eps``.

    Raises:
        UnknownNameError: no norm is called so.
        UsageError: an option that it has not, a value that it does not take, or a layer that it cannot serve.

    >>> make("gn:groups=4", 16, axes=2)
    GroupNorm(4, 16, eps=1e-05, affine=True, bias=True)
    """
    return next(iter(layers(name, channels, axes=axes, **options)), nn.Identity())


def layers(name: str, channels: int, *, axes: int, **options: Any) -> list[nn.Module]:
    """`make`'s layer in a list that is empty for ``none``."""
    found = find(name)
    if found is None:
        return []
    given = found.checked({**NORMS.parse(name)[1], **options})
    return [found.maker(channels, axes, **given)]


def find(name: str) -> Norm | None:
    """What is known of the norm of that name; None for ``none``.

    Raises:
        UnknownNameError: no norm is called so.
    """
    return None if name.strip().lower() == NONE else NORMS[name]


def check_norm(name: str) -> str:
    """``name`` with the proper name and its options, checked as far as can be without a layer.

    Raises:
        UnknownNameError: no norm is called so; ``none`` is one of the words.
        UsageError: an option that it has not, or a value that the option does not take.

    >>> check_norm("group:groups=8"), check_norm("none")
    ('group-norm:groups=8', 'none')
    """
    try:
        found = find(name)
    except UnknownNameError as error:
        known = ", ".join((*NORMS, NONE))
        raise UnknownNameError(f"{str(error).rstrip('.')}; there are {known}.") from error
    if found is None:
        return NONE
    found.checked(NORMS.parse(name)[1])
    return NORMS.proper(name)


def needs_bias(name: str) -> bool:
    """Whether a layer in front of this norm has use for a bias.

    >>> [needs_bias(name) for name in ("batch-norm", "layer-norm", "none")]
    [False, True, True]
    """
    found = find(name)
    return found is None or not found.cancels_bias
