"""Torch to trace: attaching to scripts and models, collectors, the budget.

The room itself can be called: ``gradwise.watch(model, optimizer)`` is
`gradwise.watch.attach.watch`.  The public function and the room bear the same
name, and whichever is imported first, both uses work.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    """This package's module object: calling it attaches to a model."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Attach to models and optimizers; see `gradwise.watch.attach.watch`."""
        from gradwise.watch.attach import watch  # here, so that importing the room stays light

        return watch(*arguments, **options)


sys.modules[__name__].__class__ = _CallableRoom
