"""One file per peer.  Each says ``TITLE``, ``NEEDS`` (packages it imports), ``ONLY`` (workloads, empty: all)
and has ``train(problem, meter)``: call ``meter.start(score)`` first, ``meter.tick(rows)`` after every step,
and go on until `benchmarks.fit.meter.Done` is raised.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

MODULES = {
    "plain": "benchmarks.fit.peers.plain",
    "hand-tuned": "benchmarks.fit.peers.hand_tuned",
    "lightning": "benchmarks.fit.peers.lightning",
    "skorch": "benchmarks.fit.peers.skorch_net",
    "keras": "benchmarks.fit.peers.keras_torch",
    "ignite": "benchmarks.fit.peers.ignite_engine",
    "sklearn": "benchmarks.fit.peers.sklearn_mlp",
    "gradwise": "benchmarks.fit.ours",
    "gradwise-no-doctor": "benchmarks.fit.ours_bare",
}


def peer(name: str) -> ModuleType:
    """The module of a peer.

    Raises:
        KeyError: there is no such peer.
    """
    return import_module(MODULES[name])


def missing(module: ModuleType) -> list[str]:
    """Packages that a peer needs and that are not installed."""
    return [name for name in module.NEEDS if find_spec(name) is None]
