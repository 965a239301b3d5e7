"""Names with options, as they are written on the command line."""

from __future__ import annotations

from typing import Any

import pytest

from gradwise.errors import UnknownNameError, UsageError
from gradwise.registry import Registry


def shelf() -> Registry[str]:
    made = Registry[str]("thing")
    made.add("left-hand", "the other one", aliases=("lefty",))
    return made


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("lefty", {}),
        ("Left_Hand:", {}),
        ("lefty:a=1,b=2.5", {"a": 1, "b": 2.5}),
        ("lefty: size = (1, 2), on=true", {"size": (1, 2), "on": True}),
        ("lefty:at-end=no,kind=soft,none-of=none", {"at_end": False, "kind": "soft", "none_of": None}),
        ("lefty:rate=1e-3", {"rate": 0.001}),
    ],
)
def test_options_are_read(word: str, options: dict[str, Any]) -> None:
    assert shelf().parse(word) == ("left-hand", options)
    assert shelf()[word] == "the other one"


@pytest.mark.parametrize("word", ["lefty:fast", "lefty:=3", "lefty:a=", "lefty:a=1,b"])
def test_what_is_not_written_so_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match=r"thing .*: options are written name:option=value"):
        shelf().parse(word)


def test_the_proper_form_keeps_the_options() -> None:
    assert shelf().proper("Lefty:a=(1,2)") == "left-hand:a=(1,2)"
    with pytest.raises(UnknownNameError, match="did you mean 'lefty'"):
        shelf().proper("lefti:a=1")
