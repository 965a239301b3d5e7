"""The form that every remedy keeps."""

from __future__ import annotations

import ast
import re

import pytest

from gradwise.errors import UnknownNameError
from gradwise.handbook.catalogue import catalogue
from gradwise.remedies.collection import all_remedies, find_remedy
from gradwise.remedies.remedy import GRADES, LoadedRemedy

HEADINGS = ["What it does", "When", "When not", "Grade", "The edit", "References"]
MAX_SUMMARY = 16  # words

each_remedy = pytest.mark.parametrize(
    "remedy", [pytest.param(remedy, id=name) for name, remedy in all_remedies().items()]
)


@each_remedy
def test_page_has_all_headings_in_order(remedy: LoadedRemedy) -> None:
    lines = remedy.page.splitlines()
    assert [line for line in lines[1:] if line and not line.startswith(" ")] == HEADINGS
    assert lines[0].endswith(".")


@each_remedy
def test_no_section_is_empty(remedy: LoadedRemedy) -> None:
    parts = re.split(r"^(?:" + "|".join(HEADINGS) + r")$", remedy.page, flags=re.MULTILINE)
    assert all(part.strip() for part in parts)


@each_remedy
def test_the_page_gives_the_declared_grade(remedy: LoadedRemedy) -> None:
    grade = re.search(r"^Grade\n    ([a-z-]+):", remedy.page, flags=re.MULTILINE)
    assert grade is not None
    assert grade[1] == remedy.declaration.grade
    assert grade[1] in GRADES


@each_remedy
def test_name_and_file_match(remedy: LoadedRemedy) -> None:
    assert remedy.module == remedy.declaration.name.replace("-", "_")
    assert 1 <= len(remedy.declaration.summary.split()) <= MAX_SUMMARY


@each_remedy
def test_the_edit_is_python_and_changes_something(remedy: LoadedRemedy) -> None:
    edit = remedy.declaration.edit
    before, after = ast.parse(edit.before), ast.parse(edit.after)
    assert ast.dump(before) != ast.dump(after)


@each_remedy
def test_some_ailment_of_the_catalogue_asks_for_it(remedy: LoadedRemedy) -> None:
    asked = {cure for ailment in catalogue().values() for cure in ailment.cures}
    assert remedy.declaration.name in asked


def test_a_wrong_name_gets_the_nearest_right_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'lower-lr'"):
        find_remedy("lower-rl")
