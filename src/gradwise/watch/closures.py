"""Optimizer steps that make their gradients themselves, by a closure: L-BFGS, Lightning, skorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def look_once_made(
    args: tuple[Any, ...], kwargs: dict[str, Any], measure: Callable[[], None], *, made: bool
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Measure gradients before a step: now, or when the step's closure has run for the first time.

    Args:
        args: of the step, the optimizer first.
        kwargs: of the step.
        measure: looks at the gradients; contains its own errors.
        made: a backward has run since the step before, so the gradients are there.

    Returns:
        The arguments that the step is to be given instead; None for those it has.
    """
    if not made and callable(kwargs.get("closure")):
        return args, {**kwargs, "closure": _followed(kwargs["closure"], measure)}
    if not made and len(args) > 1 and callable(args[1]):
        return (args[0], _followed(args[1], measure), *args[2:]), kwargs
    measure()
    return None


def _followed(closure: Callable[..., Any], measure: Callable[[], None]) -> Callable[..., Any]:
    waiting = True

    def followed(*args: Any, **kwargs: Any) -> Any:
        nonlocal waiting
        result = closure(*args, **kwargs)
        if waiting:
            waiting = False
            measure()
        return result

    return followed
