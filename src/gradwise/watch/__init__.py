"""Torch to trace: attaching to scripts and models, collectors, the budget.

The room itself can be called: ``gradwise.watch(model, optimizer)`` is
`gradwise.live.watch`.  The public function and the room bear the same
name, and whichever is imported first, both uses work.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    """This package's module object: calling it attaches to a model."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Attach to models and optimizers; see `gradwise.live.watch`."""
        # By name, because the verb stands above this room: it also diagnoses and reports.
        return importlib.import_module("gradwise.live").watch(*arguments, **options)


sys.modules[__name__].__class__ = _CallableRoom
