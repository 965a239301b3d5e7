"""Options of nets by name: their types and ranges."""

from __future__ import annotations

import pytest

from gradwise import nets
from gradwise.errors import UsageError

SERIES = {"features": 1, "length": 5}
TABLE = {"numbers": 3}
IMAGE = {"channels": 1, "height": 28, "width": 28}
TEXT = {"vocabulary": 9, "length": 5}


@pytest.mark.parametrize(
    ("name", "shape", "option", "value", "said"),
    [
        ("lstm", SERIES, "units", "abc", "net 'lstm': units takes a whole number from 1 on, not 'abc'"),
        ("lstm", SERIES, "units", 0, "a whole number from 1 on, not 0"),
        ("lstm", SERIES, "units", True, "a whole number from 1 on, not True"),
        ("lstm", SERIES, "depth", 1.5, "a whole number from 0 on, not 1.5"),
        ("lstm", SERIES, "dropout", 2, "dropout takes a number from 0 to 0.99, not 2"),
        ("lstm", SERIES, "bidirectional", "maybe", "bidirectional takes true or false, not 'maybe'"),
        ("lstm", SERIES, "each_step", 1, "each-step takes true or false, not 1"),
        ("lstm", SERIES, "forget_bias", "high", "forget-bias takes a number, not 'high'"),
        ("gru", SERIES, "forget_bias", 1, "net 'gru' has no option forget_bias"),
        ("mlp", TABLE, "units", float("nan"), "a whole number from 1 on, not nan"),
        ("mlp", TABLE, "activation", 3, "activation takes a word, not 3"),
        ("perceptron", TABLE, "units", 4, "net 'perceptron' has no option units"),
        ("cnn1d", TEXT, "windows", 5, "windows takes whole numbers from 1 on in parentheses, not 5"),
        ("cnn1d", TEXT, "windows", (3, 0), "whole numbers from 1 on in parentheses"),
        ("lenet-5", IMAGE, "pooling", "sum", "pooling is one of avg, max, learnt, not 'sum'"),
        ("lenet-5", IMAGE, "connections", "some", "connections is one of full, paper, not 'some'"),
    ],
)
def test_a_value_that_an_option_does_not_take(
    name: str, shape: dict, option: str, value: object, said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        nets.make(name, outputs=2, **shape, **{option: value})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "shape", "options"),
    [
        ("mlp", TABLE, {"norm": None, "units": None}),  # as the registry reads `norm=none,units=none`
        ("mlp", TABLE, {"units": 4.0, "depth": 0}),
        ("cnn", IMAGE, {"depth": None, "units": 2}),
        ("cnn1d", TEXT, {"windows": (2, 5)}),
        ("cnn1d", TEXT, {"windows": [3], "dropout": 0}),
        ("lstm", SERIES, {"bidirectional": True, "forget_bias": -1}),
    ],
)
def test_values_that_options_take(name: str, shape: dict, options: dict) -> None:
    assert nets.make(name, outputs=2, **shape, **options)
