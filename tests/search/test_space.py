"""What may be searched, and how a space is written."""

from __future__ import annotations

import pytest

from gradwise.errors import UsageError
from gradwise.search import Between, OneOf, Space, default_space
from gradwise.search.dimension import read_dimension

WRONG = [
    ({"widht": [8, 16]}, "did you mean 'width'?"),
    ({"epochs": [10, 20]}, "all have the same; hold it fixed"),
    ({"seed": [0, 1]}, "differ in their settings only"),
    ({"scale": ["standardize", "none"]}, "the data is read and split once"),
    ({"threads": [1, 2]}, "how fast a net trains, not what it learns"),
    ({"runs": [1, 3]}, "a trial trains one net"),
    ({"threshold": ["0.5", "f1"]}, "it is chosen after training"),
    ({"width": []}, "has no values"),
    ({"width": [8, 8]}, "lists 8 twice"),
    ({"width": [8, [16]]}, "lists words and numbers, not [16]"),
    ({"width": [8.5]}, "takes a whole number"),
    ({"width": {"low": 8}}, "lacks high"),
    ({"width": {"low": 8, "high": "x"}}, "takes a number, not 'x'"),
    ({"width": {"low": 8, "high": True}}, "takes a number, not True"),
    ({"width": {"low": 8, "high": float("inf")}}, "takes a number, not inf"),
    ({"width": {"low": 64, "high": 8}}, "low must not be above high"),
    ({"width": {"low": 8.5, "high": 64}}, "takes whole numbers, and its low is 8.5"),
    ({"width": {"low": 0, "high": 64}}, "from 1 to 65536"),
    ({"rate": {"low": 0, "high": 0.1, "log": True}}, "a log range needs a low above 0"),
    ({"rate": {"low": 0.1, "high": 0.2, "log": "yes"}}, "takes true or false"),
    ({"rate": {"low": 0.1, "high": 0.2, "log": True, "step": 0.1}}, "has log and step"),
    ({"dropout": {"low": 0, "high": 0.5, "step": 0}}, "takes a step above 0"),
    ({"dropout": {"low": 0, "high": 1.5}}, "from 0 to 0.99"),
    ({"dropout": {"lo": 0, "high": 0.5}}, "did you mean 'low' or 'log'?"),
    ({"norm": {"low": 0, "high": 1}}, "takes a list of words, not a range"),
    ({"class-weights": ["maybe"]}, "takes one of auto, yes, no"),
    ({"batch-size": [16], "batch_size": [32]}, "stands there twice"),
]


@pytest.mark.parametrize(("document", "told"), WRONG, ids=[told[:24] for _, told in WRONG])
def test_what_is_no_space_is_told_in_one_sentence(document, told):
    with pytest.raises(UsageError) as caught:
        Space.make(document)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_is_read_with_or_without_its_table(tmp_path):
    text = 'rate = {low = 1e-4, high = 0.1, log = true}\nnorm = ["none", "batch-norm"]\nwidth = 32\n'
    (tmp_path / "a.toml").write_text(text)
    (tmp_path / "b.toml").write_text("[space]\n" + text)
    space = Space.read(tmp_path / "a.toml")
    assert space == Space.read(tmp_path / "b.toml")
    assert list(space.dimensions) == ["width", "norm", "rate"], "in the order in which they are drawn"
    assert space.dimensions["rate"] == Between(1e-4, 0.1, log=True)
    assert space.single == {"width": 32}
    assert Space.of_record(space.as_dict()) == space


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rate = ", "is not a TOML file"),
        ("", "names no setting"),
        ("[space]\nwidth = [8]\n[other]\nx = 1\n", "'other' outside of its table"),
        ("\xff", "is not a TOML file"),
        (None, "cannot be read"),
    ],
)
def test_wrong_files_are_told(tmp_path, text, told):
    if text is not None:
        (tmp_path / "space.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=told):
        Space.read(tmp_path / "space.toml")


def test_whole_numbers_follow_from_the_setting():
    assert read_dimension("width", {"low": 8, "high": 64}, whole=True) == Between(8, 64, whole=True)
    assert read_dimension("clip", {"low": 1, "high": 5, "int": True}, whole=False).whole
    assert not Space.make({"rate": {"low": 1, "high": 2}}).dimensions["rate"].whole


def test_the_closest_point_of_a_dimension():
    assert Between(16, 512, log=True, whole=True).closest(700) == 512
    assert Between(0.0, 0.5, step=0.2).closest(0.31) == pytest.approx(0.4)
    assert Between(1, 3, whole=True).closest(None) == 1
    assert OneOf(("adamw", "nesterov")).closest("adamw") == "adamw"
    assert OneOf((True, 8)).closest(3) == 8, "true is no number"


@pytest.mark.parametrize("kind", ["table", "images", "series", "text"])
def test_default_batches_stay_within_the_rows(kind):
    for rows, batch in ((12, 12), (120, 16), (50_000, 256)):
        sizes = default_space(kind, batch_size=batch, rows=rows).dimensions["batch_size"].values
        assert all(1 <= size <= rows for size in sizes)
        assert batch in sizes, "the default is among them"
        assert len(set(sizes)) == len(sizes)
