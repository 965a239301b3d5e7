"""The benchmark of augmentation measures by turns what it says (no timing here, and no kornia)."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from benchmarks.augment import __main__ as command
from benchmarks.augment.turns import ratio, turns
from gradwise import augment


def test_contestants_take_turns_and_ratios_are_taken_turn_by_turn():
    calls = Counter()
    spent = turns(
        {"one": lambda: calls.update(["one"]), "other": lambda: calls.update(["other"])},
        count=3, seconds=0.0, clock="cpu",
    )  # fmt: skip
    assert {name: len(each) for name, each in spent.items()} == {"one": 3, "other": 3}
    assert calls == {"one": 8, "other": 8}  # two before, and per turn one that warms up and one that counts
    assert ratio({"slow": [2.0, 9.0, 4.0], "quick": [1.0, 3.0, 1.0]}, "slow", "quick") == (3.0, 2.0, 4.0)


@pytest.mark.parametrize("names", command.PIPELINES.values(), ids=list(command.PIPELINES))
def test_its_pipelines_work_on_its_batches(names):
    images = torch.randint(0, 256, (4, *command.SHAPES[0][1:]), dtype=torch.uint8)
    made, _ = augment.make(names, classes=10)(images, torch.arange(4), torch.Generator())
    assert made.shape == images.shape and made.dtype == torch.uint8
