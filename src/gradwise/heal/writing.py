"""Treatments as TOML that explains itself."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

from gradwise.errors import UsageError
from gradwise.heal.treatment import VERSION, Cure, Treatment
from gradwise.remedies.remedy import GRADES

WIDTH = 100
HOW = "# Give it to a script with: gradwise check --treat FILE train.py"


def render_treatment(treatment: Treatment, heading: Iterable[str] = ()) -> str:
    """A treatment as TOML that explains itself.

    Args:
        treatment: what to write.
        heading: comment lines above all else.

    >>> print(render_treatment(Treatment((Cure("lower-lr", {"factor": 0.3}, why="it bounced"),))))
    # Give it to a script with: gradwise check --treat FILE train.py
    version = 1
    <BLANKLINE>
    [[cure]]  # changes-training: the same model on the same data, trained in another way
    name = "lower-lr"  # take smaller steps
    factor = 0.3  # times the script's rate; from 1e-06 to 0.999
    why = "it bounced"
    <BLANKLINE>
    """
    lines = [f"# {line}" for text in heading for line in textwrap.wrap(text, WIDTH)]
    lines += [HOW, f"version = {VERSION}"]
    for cure in treatment.cures:
        lines += ["", *_table(cure)]
    return "\n".join(lines) + "\n"


def write_treatment(treatment: Treatment, file: Path, heading: Iterable[str] = ()) -> None:
    """Write a treatment to a file.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file.write_text(render_treatment(treatment, heading), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"treatment {file} cannot be written ({error.strerror}); choose another file."
        ) from None


def _table(cure: Cure) -> list[str]:
    declared = cure.remedy.declaration
    lines = [f"[[cure]]  # {declared.grade}: {GRADES[declared.grade]}"]
    lines.append(f"name = {_text(cure.name)}  # {declared.summary}")
    given = cure.full_dose()
    for dose in declared.doses:
        unit = f" {dose.unit}" if dose.unit else ""
        reach = f"{dose.meaning}; from {dose.low:g} to {dose.high:g}{unit}"
        if dose.name in given:
            lines.append(f"{dose.name} = {_number(given[dose.name])}  # {reach}")
        else:
            lines.append(f"# {dose.name} =  # {reach}")
    if cure.where:
        lines.append(f"where = [{', '.join(_text(place) for place in cure.where)}]  # these modules only")
    if cure.why:
        lines.append(f"why = {_text(cure.why)}")
    return lines


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(value))


def _text(value: str) -> str:
    """A TOML string on one line."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in plain) + '"'
