"""`watch` for loops of Accelerate: the model and optimizer that ``prepare`` has wrapped."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.live import Watcher


def watch(
    accelerator: Any,
    model: Any,
    optimizer: Any = None,
    *,
    out: str | Path | None = None,
    budget: str | float = "2%",
) -> AbstractContextManager[Watcher | None]:
    """`gradwise.watch` after ``accelerator.prepare``; the first process alone watches.

    Args:
        accelerator: the ``accelerate.Accelerator``.
        model: what ``prepare`` returned for the model.
        optimizer: what it returned for the optimizer, or a list; None watches every optimizer that steps.
        out: run directory; a new one under ``.gradwise/runs`` when None.
        budget: share of step time that watching may take.

    Returns:
        The watch; on other processes a context manager that does nothing.
    """
    from gradwise.live import watch as begin

    if not accelerator.is_main_process:
        return nullcontext()
    several = optimizer if isinstance(optimizer, list | tuple) else [optimizer]
    inner = [getattr(one, "optimizer", one) for one in several if one is not None]
    return begin(accelerator.unwrap_model(model), inner or None, out=out, budget=budget)
