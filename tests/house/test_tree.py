"""What holds for every file of the house."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gradwise.rules.collection import own_rules
from tests.house.tree import ROOT, python_files, text_files
from tools import docs

MAX_LINES = 400
# Spelled in pieces, so that this file does not hold what it looks for.
FOREIGN = re.compile("|".join([r"(?<![\w.>])/" + top + "/" for top in ("work", "root", "opt")]))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", python_files("src", "tests", "tools", "benchmarks"), ids=named)
def test_no_file_is_too_long(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines < MAX_LINES


@pytest.mark.parametrize("path", python_files("src", "tools"), ids=named)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_nothing_names_a_place_on_one_machine() -> None:
    found = [
        f"{named(path)}:{number}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    assert found == []


def test_generated_pages_are_fresh() -> None:
    assert sorted(docs.differing(docs.pages())) == [], "run `make docs`"


def test_everything_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins[0].startswith("torch==")
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin)] == []


def test_no_line_of_the_readme_leads_nowhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{named(page)} points at {target}"


def test_the_readme_lists_every_rule_as_it_declares_itself() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [
        f"| {told.code} | [{told.name}](docs/rules/{told.name}.md) | {told.group} | {told.summary} |"
        for told in (rule.declaration for rule in own_rules().values())
    ]
    assert [row for row in rows if row not in readme] == []
