"""The commands for those who work on gradwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradwise.errors import UnknownNameError, UsageError
from gradwise.handbook.catalogue import catalogue
from tools import docs, new_rule


def test_new_rule_writes_a_rule_that_can_be_loaded(tmp_path: Path) -> None:
    rule, cases = new_rule.scaffold("o02", tmp_path)
    assert rule == tmp_path / "src/gradwise/rules/lr_too_low.py"
    assert cases == tmp_path / "tests/cases/test_lr_too_low.py"
    module: dict[str, object] = {}
    exec(compile(rule.read_text(), str(rule), "exec"), module)
    told = module["RULE"]
    assert (told.name, told.code, told.cures) == ("lr-too-low", "O02", ("raise-lr", "adam"))  # type: ignore[attr-defined]
    assert told.group == "trial"  # type: ignore[attr-defined]
    compile(cases.read_text(), str(cases), "exec")


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_ailment_can_be_started(name: str) -> None:
    compile(new_rule.rule_text(catalogue()[name]), name, "exec")


def test_new_rule_keeps_what_is_there(tmp_path: Path) -> None:
    new_rule.scaffold("lr-too-low", tmp_path)
    with pytest.raises(UsageError, match=r"expected no src/gradwise/rules/lr_too_low\.py"):
        new_rule.scaffold("lr-too-low", tmp_path)


def test_new_rule_offers_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'lr-too-low'"):
        new_rule.scaffold("lr-to-low", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_new_rule_says_a_mistake_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert new_rule.main(["dead-relu"]) == UsageError.exit_code
    assert capsys.readouterr().err.count("\n") == 1


def test_docs_notices_missing_changed_and_left_over_pages(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(docs, "DOCS", tmp_path)
    wanted = {"rules/a.md": "one", "rules/b.md": "two", "remedies/c.md": "three"}
    docs.write(wanted, list(wanted))
    assert list(docs.differing(wanted)) == []
    (tmp_path / "rules/a.md").write_text("changed")
    (tmp_path / "rules/b.md").unlink()
    (tmp_path / "remedies/old.md").write_text("left over")
    stale = sorted(docs.differing(wanted))
    assert stale == ["remedies/old.md", "rules/a.md", "rules/b.md"]
    docs.write(wanted, stale)
    assert list(docs.differing(wanted)) == []


def test_docs_turn_a_docstring_into_markdown() -> None:
    body = ["", "How", "    Text", "    more.", "", "    >>> code()", "    1", "", "Next", "    End."]
    text = "\n".join(docs.sections(body))
    assert text == "## How\n\nText\nmore.\n\n```python\n>>> code()\n1\n```\n\n## Next\n\nEnd.\n"
