"""Several cures in one script, its form, its diff, and what cannot be read."""

import subprocess

import pytest

from gradwise.errors import UnknownNameError, UsageError
from gradwise.heal.edits.collection import editors
from gradwise.heal.edits.editing import edit
from gradwise.heal.edits.script.changes import Change, UncertainError, changed
from gradwise.remedies.collection import own_remedies
from tests.heal.edits.scripts import HEAD, LOOP, NET, changes, left, script


def test_every_editor_stands_for_a_remedy():
    assert set(editors()) <= set(own_remedies())
    assert {"lower-lr", "zero-grad", "leaky-relu", "shuffle", "detach-state"} <= set(editors())


def test_cures_are_written_one_after_the_other():
    bare = script(loop=LOOP.replace("        optimizer.zero_grad()\n", ""))
    found = edit(
        bare, [("zero-grad", {}), ("early-stop", {}), ("lower-lr", {"factor": 0.1}), ("clip-gradient", {})]
    )
    assert [line.partition(":")[0] for line in found.done] == ["zero-grad", "lower-lr", "clip-gradient"]
    assert [line.partition(":")[0] for line in found.left] == ["early-stop"]
    assert "lr=0.05" in found.source and "zero_grad()" in found.source and "clip_grad_norm_" in found.source
    again = edit(found.source, [("zero-grad", {}), ("clip-gradient", {})])
    assert again.source == found.source and len(again.left) == 2


def test_a_cure_without_an_editor_is_left_to_words():
    assert "no edit of a script stands for it" in left(script(), "clean-labels")


def test_unknown_cures_and_doses_that_are_no_numbers_are_refused():
    with pytest.raises(UnknownNameError, match="lower-lr"):
        edit(script(), [("lower-l", {})])
    with pytest.raises(UsageError, match="factor takes a number, not 'much'"):
        edit(script(), [("lower-lr", {"factor": "much"})])


def test_what_is_no_python_is_refused_in_one_sentence():
    with pytest.raises(UsageError, match="line 1"):
        edit("x = (\n", [("lower-lr", {})])
    with pytest.raises(UsageError, match="no Python"):
        edit("print 'old'\n", [("lower-lr", {})])


@pytest.mark.parametrize("depth", [1_000, 200_000])
def test_an_expression_too_deep_is_refused_in_one_sentence(depth):
    with pytest.raises(UsageError, match="edit it by hand"):
        edit("x = " + "-" * depth + "1\n", [("lower-lr", {})])


FORMS = {
    "windows": lambda text: text.replace("\n", "\r\n"),
    "tabs": lambda text: text.replace("    ", "\t"),
    "two spaces": lambda text: text.replace("    ", "  "),
    "no last line feed": lambda text: text.rstrip("\n"),
    "letters beyond ASCII": lambda text: "# größer → 数\nword = 'ü'\n" + text.replace("epoch", "época"),
    "strange spaces": lambda text: text.replace(" = ", "=").replace(", ", " ,  ") + "\n\n\n# end  \n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "cure", ["lower-lr", "clip-gradient", "warm-up", "he-init", "set-train-mode", "train-longer"]
)
def test_everything_else_stays_to_the_byte(form, cure):
    source = FORMS[form](script())
    found = edit(source, [(cure, {})])
    assert not found.left
    kept = [line for line in found.diff.split("\n")[2:] if line.startswith(" ")]
    removed = [line[1:] for line in found.diff.split("\n")[2:] if line.startswith("-")]
    assert kept and all(line[1:] in source for line in kept)
    assert all(line in source for line in removed) and len(removed) <= 2
    new = [line for line in found.source.split("\n") if line not in source.split("\n")]
    if form == "windows":
        assert "\n" not in found.source.replace("\r\n", "")
    if form == "tabs":
        assert all(not line.startswith(" ") for line in new)


def test_a_last_line_without_an_end_can_be_followed():
    source = script(loop=LOOP.rstrip("\n"))
    found = edit(source, [("warm-up", {})])
    assert found.source.endswith("optimizer.step()\n        warmup.step()")


@pytest.mark.parametrize("form", FORMS)
def test_the_diff_is_one_that_git_applies(form, tmp_path):
    source = FORMS[form](script(model=NET))
    found = edit(source, [("he-init", {}), ("warm-up", {}), ("leaky-relu", {})], name="train.py")
    file = tmp_path / "train.py"
    file.write_bytes(source.encode())
    ran = subprocess.run(
        ["git", "apply", "-p1", "-"],
        input=found.diff.encode(),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert file.read_bytes().decode() == found.source


def test_two_statements_on_one_line_are_left():
    one = "for i in range(9): optimizer.zero_grad(); F.cross_entropy(model(x), y).backward(); optimizer.step()\n"
    assert "more than one statement" in left(script(loop=one), "clip-gradient")
    assert "more than one statement" in left(script(loop=one), "warm-up")


def test_names_that_are_taken_are_not_taken_again():
    source = script(head=HEAD + "warmup = 3\nhe_init = None\n")
    assert changes(source, "warm-up")[1] == "+warmup_schedule.step()"
    assert "+def he_init_weights(layer):" in changes(source, "he-init")


def test_changes_of_the_same_bytes_are_refused():
    assert changed(b"abc", [Change(1, 2, "x"), Change(1, 1, "y")]) == b"ayxc"
    with pytest.raises(UncertainError):
        changed(b"abc", [Change(0, 2, "x"), Change(1, 3, "y")])
