"""A diagnosis as the documented JSON object, schema 1."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gradwise.diagnosis import Diagnosis
from gradwise.report import words
from gradwise.report.probed import probes_json
from gradwise.report.treated import healed_json
from gradwise.trace.findings import json_number
from gradwise.trace.model import RunInfo, Trace

SCHEMA = 1  # raised when a field changes its meaning or goes; new fields do not raise it


def render_json(diagnosis: Diagnosis, info: RunInfo, trace: Trace | None = None) -> dict[str, Any]:
    """The diagnosis as plain data, strongest cause first.

    Args:
        diagnosis: what was found.
        info: what ran.
        trace: the run, whose contained errors are added to ``notes``.

    Returns:
        ``{"schema": 1, "run": {...}, "findings": [...], "notes": [...], "rules_run": n, "suppressed": [...],
        "settings": file or null, "probes": [...],
        "treated": [...], "healed": {...} or null}``,
        with nothing in it that JSON cannot hold; suppressed findings have a
        ``reason`` beside the fields of all findings.
    """
    return {
        "schema": SCHEMA,
        "run": run_json(info),
        "findings": [finding.to_json() for finding in diagnosis.findings],
        "notes": list(words.notes(diagnosis, trace or Trace())),
        "rules_run": diagnosis.rules_run,
        "suppressed": [one.finding.to_json() | {"reason": one.reason} for one in diagnosis.suppressed],
        "settings": diagnosis.settings or None,
        "probes": probes_json(trace or Trace()),
        "treated": [dict(fact.data) for fact in (trace or Trace()).facts_of("treated")],
        "healed": healed_json(trace or Trace()),
    }


def run_json(info: RunInfo) -> dict[str, Any]:
    """What ran and how it ended, as plain data."""
    run = asdict(info)
    run["argv"] = list(info.argv)
    run["seconds"] = json_number(info.seconds)
    return run
