"""The benchmark of rare classes: its reader of R's files, its scores, its table."""

from __future__ import annotations

import lzma
import struct

import numpy as np
import pytest

from benchmarks.imbalance.__main__ import MOST_EPOCHS, RESAMPLERS, THRESHOLDS, WAYS, scores, table
from benchmarks.imbalance.__main__ import _epochs as epochs
from benchmarks.imbalance.rda import MAGIC, read_frame
from benchmarks.imbalance.sets import TEST, Rows
from gradwise.data.resampling import RESAMPLERS as KNOWN
from gradwise.train.config import FitConfig


def whole(*numbers):
    return struct.pack(f">{len(numbers)}i", *numbers)


def word(text):
    return whole(9, len(text)) + text.encode()


def symbol(text):
    return whole(1) + word(text)


def words(*texts):
    return whole(16, len(texts)) + b"".join(map(word, texts))


def frame():
    """``kinds <- data.frame(size = c(1.5, 2), kind = factor(c("b", "a")))`` as R writes it."""
    size = whole(14, 2) + struct.pack(">2d", 1.5, 2.0)
    pairs = whole(0x402) + symbol("levels") + words("a", "b")
    pairs += whole(0x402) + symbol("class") + words("factor") + whole(254)
    kind = whole(13 | 0x200 | 0x100, 2, 2, 1) + pairs
    held = whole(0x402) + symbol("names") + words("size", "kind")
    held += (
        whole(0x402) + whole((2 + 1) << 8 | 0xFF) + words("data.frame") + whole(254)
    )  # the symbol class again
    value = whole(19 | 0x200 | 0x100, 2) + size + kind + held
    return MAGIC + whole(2, 0, 0) + whole(0x402) + symbol("kinds") + value + whole(254)


def test_a_data_frame_is_read(tmp_path):
    file = tmp_path / "kinds.rda"
    file.write_bytes(lzma.compress(frame()))
    columns = read_frame(file)
    assert list(columns) == ["size", "kind"]
    assert columns["size"].tolist() == [1.5, 2.0] and columns["kind"].tolist() == ["b", "a"]


def test_other_files_are_refused(tmp_path):
    file = tmp_path / "kinds.rda"
    file.write_bytes(lzma.compress(b"RDX3\nX\n" + frame()[7:]))
    with pytest.raises(ValueError, match="no R data file of version 2"):
        read_frame(file)


def test_every_resampler_is_compared_and_every_way_is_a_setting():
    assert set(RESAMPLERS) == set(KNOWN) and set(THRESHOLDS) <= set(WAYS)
    for settings in WAYS.values():
        FitConfig.make(settings)


def test_parts_are_stratified_and_apart():
    rows = Rows(np.arange(200, dtype=np.float32)[:, None], np.repeat([0, 1], [180, 20]), ("a", "b"))
    learnt, tested = rows.parted(3)
    assert np.bincount(tested.y).tolist() == [round(TEST * 180), round(TEST * 20)]
    assert sorted([*learnt.x.ravel(), *tested.x.ravel()]) == list(range(200))
    assert not np.array_equal(tested.x, rows.parted(4)[1].x)


def test_all_ways_take_about_the_same_number_of_steps():
    rows = Rows(np.zeros((12_000, 1), np.float32), np.repeat([0, 1], [11_000, 1000]), ("a", "b"))
    assert [epochs(rows, way, 710) for way in ("nothing", "smote", "random-under-sampling")] == [10, 6, 60]
    few = Rows(np.zeros((1010, 1), np.float32), np.repeat([0, 1], [1000, 10]), ("a", "b"))
    assert epochs(few, "random-under-sampling", 3000) == MOST_EPOCHS


def test_scores_and_table():
    outputs = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    found = scores(np.array([0, 0, 1]), np.array(["0", "1", "1"]), outputs, [0, 1])
    assert found == pytest.approx([(2 / 3 + 2 / 3) / 2, 0.75, 1.0])
    text = table("set", {"a": [[0.5, 0.5, 0.5], [0.7, 0.5, 0.5]], "b": [[0.1, 0.9, 0.2], [0.1, 0.9, 0.2]]})
    assert "| a | **0.600** ± 1.271 | 0.500 ± 0.000 | **0.500** ± 0.000 |" in text
    assert "| b | 0.100 ± 0.000 | **0.900** ± 0.000 | 0.200 ± 0.000 |" in text
