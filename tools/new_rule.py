"""Start a new rule: python -m tools.new_rule dead-relu.

Takes code, summary and cures from the catalogue and writes the rule's file and
the file of its cases.  Everything still to be done says TODO, and the house
tests refuse a rule that says so.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gradwise import __version__
from gradwise.errors import GradwiseError, UnknownNameError, UsageError
from gradwise.handbook.catalogue import Ailment, catalogue, find_ailment
from gradwise.registry import nearest

ROOT = Path(__file__).resolve().parents[1]

# Where an ailment of that letter usually stands in the order of belief.
ORGAN_OF_LETTER = {
    "C": "WIRING",
    "D": "DATA",
    "L": "OUTCOME",
    "W": "INITIALISATION",
    "G": "ARCHITECTURE",
    "A": "ARCHITECTURE",
    "O": "RATE",
    "E": "OUTCOME",
    "S": "WIRING",
    "R": "WIRING",
}

RULE_TEXT = '''"""This run shows TODO.

What it sees
    TODO

Why it hurts
    TODO

How it decides
    TODO (threshold, window, unit, source)

Cure
    TODO

Cure safety
    TODO

When it is wrong
    TODO

Example
    >>> # TODO

References
    TODO
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

LIMIT = 0.5  # TODO unit; source
MIN_SAMPLES = 4  # sampled steps before anything is judged

RULE = Rule(
    name="{name}",
    code="{code}",
    group="trial",
    organ=Organ.{organ},
    since="{since}",
    reads=("loss",),
    explains=(),
    cures={cures},
    summary="{summary}",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding where TODO."""
    loss = trace.step_signal("loss")
    if len(loss) < MIN_SAMPLES:
        return
    since, value = int(loss.steps[0]), float(loss.mean[-1])
    if value <= LIMIT:
        return
    yield RULE.finding(
        since_step=since,
        value=value,
        threshold=LIMIT,
        unit="TODO",
        message=f"TODO {{value:.3g}} (limit {{LIMIT:g}})",
        why="TODO",
        evidence=[Evidence("loss", (), since, trace.steps)],
    )
'''

CASES_TEXT = '''"""Cases of {name}."""

from __future__ import annotations

import pytest

from gradwise.rules.collection import find_rule
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace
from tests.cases.build import build


def findings(trace: Trace) -> list[Finding]:
    return list(find_rule("{name}").check(trace))


def test_sick_first() -> None:
    pytest.fail("TODO: a run that plainly has it")


def test_sick_second() -> None:
    pytest.fail("TODO: another kind of run that has it")


def test_healthy_plain() -> None:
    assert findings(build(steps=0)) == []
    pytest.fail("TODO: a run that learns well")


def test_healthy_near_miss() -> None:
    pytest.fail("TODO: just under the threshold")


def test_healthy_look_alike() -> None:
    pytest.fail("TODO: another ailment that looks like it")


def test_healthy_other() -> None:
    pytest.fail("TODO: an unusual run that is fine")
'''


def main(argv: list[str] | None = None) -> int:
    """Write both files and name them; 2 with a sentence when that cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m tools.new_rule", description=__doc__.splitlines()[0])
    parser.add_argument("ailment", help="name or code from the catalogue")
    arguments = parser.parse_args(argv)
    try:
        written = scaffold(arguments.ailment, ROOT)
    except GradwiseError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for path in written:
        print(path.relative_to(ROOT))
    return 0


def scaffold(name_or_code: str, root: Path) -> tuple[Path, Path]:
    """Write the rule and its cases below ``root``.

    Returns:
        The paths of the rule and of its cases.

    Raises:
        UnknownNameError: the catalogue has no such ailment.
        UsageError: one of the files is there already.
    """
    ailment = find_ailment(name_or_code)
    if ailment is None:
        raise UnknownNameError(
            f"the catalogue has no ailment {name_or_code!r}{nearest(name_or_code, catalogue())}; "
            "add a line to src/gradwise/handbook/catalogue.py first."
        )
    module = ailment.name.replace("-", "_")
    rule = root / "src/gradwise/rules" / f"{module}.py"
    cases = root / "tests/cases" / f"test_{module}.py"
    for path in (rule, cases):
        if path.exists():
            raise UsageError(f"expected no {path.relative_to(root)}, found one; delete it to start afresh.")
    for path, text in ((rule, rule_text(ailment)), (cases, CASES_TEXT.format(name=ailment.name))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return rule, cases


def rule_text(ailment: Ailment) -> str:
    """The file of a rule that is yet to be thought out."""
    names = "".join(f'"{cure}", ' for cure in ailment.cures)
    cures = f"({names.rstrip()})" if len(ailment.cures) == 1 else f"({names.rstrip(', ')})"
    return RULE_TEXT.format(
        name=ailment.name,
        code=ailment.code,
        organ=ORGAN_OF_LETTER[ailment.code[0]],
        since=__version__,
        cures=cures,
        summary=ailment.summary,
    )


if __name__ == "__main__":
    sys.exit(main())
