import io

import pytest

from gradwise.cli.screen import Screen


class Stream(io.StringIO):
    def __init__(self, terminal, encoding="utf-8"):
        super().__init__()
        self.terminal = terminal
        self.spelling = encoding

    @property
    def encoding(self):
        return self.spelling

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "environment", "colour"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colour_only_on_a_terminal_that_wants_it(terminal, environment, colour):
    assert Screen.of(Stream(terminal), environment).colour is colour


def test_letters_that_the_stream_lacks_are_replaced():
    stream = Stream(False, "ascii")
    Screen(stream).show("28×28 — ok\n")
    assert stream.getvalue() == "28x28 - ok\n"


def test_width_is_bounded(monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    assert Screen.of(Stream(True), {}).width == 110
