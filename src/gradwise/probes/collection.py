"""All probes, found by walking this package."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache

import gradwise.probes as package
from gradwise.errors import UnknownNameError
from gradwise.probes.probe import LoadedProbe, Probe
from gradwise.registry import nearest

# Modules of this package that are no probes.
_NOT_PROBES = {
    "probe", "collection", "bench", "replica", "taped", "readout", "randomness", "stopwatch", "lanczos",
    "curvature", "examining", "pairs", "timing",
}  # fmt: skip


# The order in which they run: what tells causes apart first, what takes long last.
_FIRST = (
    "sample-mixing", "rate", "standardised-input", "overfit-one-batch", "batch-size", "precision", "layout",
    "hessian",
)  # fmt: skip


@cache
def all_probes() -> Mapping[str, LoadedProbe]:
    """Every probe by name, in the order in which they run."""
    found: dict[str, LoadedProbe] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if info.name in _NOT_PROBES:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        declaration: Probe = module.PROBE
        page = inspect.getdoc(module) or ""
        found[declaration.name] = LoadedProbe(declaration, module.run, page, info.name)
    order = {name: place for place, name in enumerate(_FIRST)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def find_probe(name: str) -> LoadedProbe:
    """The probe of that name.

    Raises:
        UnknownNameError: there is none; the message offers the nearest names.
    """
    wanted = name.strip().lower().replace("_", "-")
    probes = all_probes()
    if wanted not in probes:
        raise UnknownNameError(
            f"no probe is called {name!r}{nearest(name, probes)}; there are {', '.join(probes)}."
        )
    return probes[wanted]
