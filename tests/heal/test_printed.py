"""Which printed line is the result, and which way is better."""

import math
import re

import pytest

from gradwise.errors import UsageError
from gradwise.heal.printed import compiled, direction, result_line, value_of


@pytest.mark.parametrize(
    ("line", "value", "lower"),
    [
        ("epoch 1/5, loss=0.32, val_acc=91.2%", 91.2, False),
        ("epoch 3 loss 0.25", 0.25, True),
        ("test mse 0.0123", 0.0123, True),
        ("accuracy 0.5 (random 0.1)", 0.5, False),
        ("val_loss: 1e-3 train_loss: 2e-4", 1e-3, True),
        ("R2 on test: -0.3", -0.3, False),
        ("brier score 0.2", 0.2, True),
        ("balanced accuracy 0.7", 0.7, False),
        ("accuracy on held-out rows: 0.66", 0.66, False),
        ("rmse on next year 12.5", 12.5, True),
        ("{'loss': 0.3, 'f1': 0.9}", 0.9, False),
    ],
)
def test_results(line, value, lower):
    found = result_line(f"loss 9\n{line}\nsaved model.pt in 3 s\n")
    assert found is not None
    assert found[0] == line
    assert (value_of(found[1], line), found[2]) == (value, lower)


def test_the_pattern_finds_the_number_of_another_run():
    _, pattern, _ = result_line("epoch 9 train loss 0.5  test accuracy 0.8")
    assert (
        value_of(
            pattern, "epoch 1 train loss 0.7  test accuracy 0.3\nepoch 9 train loss 0.1  test accuracy 0.95"
        )
        == 0.95
    )


@pytest.mark.parametrize("text", ["", "step 100", "tensor(0.3)", "trained in 3.2 s", "lossless 3 modes"])
def test_no_result(text):
    assert result_line(text) is None


def test_not_a_number_is_found_as_one():
    assert math.isnan(value_of(result_line("loss nan")[1], "loss nan"))


def test_directions():
    assert direction("perplexity") is True
    assert direction("top1_acc") is False
    assert direction("steps") is None


def test_the_last_match_counts_and_a_wrong_pattern_is_said():
    assert value_of(re.compile("a ([0-9.]+)"), "a 1\na 2") == 2.0
    assert value_of(re.compile("b ([0-9.]+)"), "a 1") is None
    with pytest.raises(UsageError, match="no group"):
        compiled("accuracy [0-9]+")
    with pytest.raises(UsageError, match="not a regular expression"):
        compiled("accuracy (")
