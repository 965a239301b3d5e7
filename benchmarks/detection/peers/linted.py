"""mldoct's linter: it reads a script and never runs it."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from benchmarks.detection.peers.alarms import Alarm, gathered

LEVELS = {"INFO": "info", "WARNING": "warning", "CRITICAL": "critical", "ERROR": "critical"}


def lint(script: Path) -> Sequence[Alarm]:
    """What ``mldoctor check script.py`` lists.

    The linter's own file is loaded by itself: the package's front door imports what other commands need.
    """
    package = importlib.util.find_spec("mldoctor")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("mldoctor is not installed")
    path = Path(package.submodule_search_locations[0], "linter.py")
    spec = importlib.util.spec_from_file_location("mldoctor_linter", path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    findings, _ = module.lint_script(str(script))
    return gathered((f["type"], LEVELS.get(f["severity"], "info"), f["message"]) for f in findings)
