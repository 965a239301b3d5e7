"""Trials on a copy of the run: told apart by doing what cannot be told by looking.

One file per probe, with its page.  Nothing here runs, draws or writes on the user's own model, optimizer or
random state.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.probes.examining import run_probes
    from gradwise.probes.hessian_spectrum import hessian

__all__ = ["hessian", "run_probes"]

_HOMES = {"hessian": "gradwise.probes.hessian_spectrum", "run_probes": "gradwise.probes.examining"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'gradwise.probes' has no attribute {name!r}")
