"""gradwise: train networks that work, and know why when they don't.

>>> import gradwise
>>> gradwise.__version__
'0.1.0'

Every name below is loaded when it is first used, so that importing gradwise
costs nothing: neither torch nor NumPy is imported before it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.diagnosis import Diagnosis, diagnose
    from gradwise.errors import GradwiseError
    from gradwise.fitting.estimators import NetClassifier, NetRegressor
    from gradwise.fitting.fit import fit
    from gradwise.fitting.network import Network, load
    from gradwise.init.apply import apply as init
    from gradwise.live import watch
    from gradwise.trace.findings import Finding
    from gradwise.trace.model import Trace
    from gradwise.trace.read import Run, read_run

__version__ = "0.1.0"

__all__ = [
    "Diagnosis",
    "Finding",
    "GradwiseError",
    "NetClassifier",
    "NetRegressor",
    "Network",
    "Run",
    "Trace",
    "__version__",
    "diagnose",
    "fit",
    "init",
    "load",
    "read_run",
    "watch",
]

# Where each public name lives.  `init` and `watch` are the rooms of that name: their modules
# can be called, so that the name means the same in whichever order it is imported.
_HOMES = {
    "Diagnosis": "gradwise.diagnosis",
    "Finding": "gradwise.trace.findings",
    "GradwiseError": "gradwise.errors",
    "NetClassifier": "gradwise.fitting.estimators",
    "NetRegressor": "gradwise.fitting.estimators",
    "Network": "gradwise.fitting.network",
    "Run": "gradwise.trace.read",
    "Trace": "gradwise.trace.model",
    "diagnose": "gradwise.diagnosis",
    "fit": "gradwise.fitting.fit",
    "load": "gradwise.fitting.network",
    "read_run": "gradwise.trace.read",
}


def __getattr__(name: str) -> Any:
    if name in ("init", "watch"):
        return importlib.import_module(f"gradwise.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'gradwise' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
