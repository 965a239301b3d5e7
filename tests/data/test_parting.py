"""The parts of a split as arrays: the same as one by one, and the table is given up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from gradwise.data.opening import open_source
from gradwise.data.parting import encode_parts
from gradwise.data.splitting import split
from tests.data.pictures import digit_folder
from tests.data.tabular import real_frame


def test_parts_are_those_of_transform_and_the_columns_are_gone(tmp_path: Path) -> None:
    frame = real_frame("wine")
    frame = frame.with_columns(town=pl.Series(["Ulm", "Bonn", "Kiel"]).gather(np.arange(178) % 3))
    frame.write_csv(tmp_path / "wine.csv")
    source = open_source(tmp_path / "wine.csv", target="target")
    parts = split(source, valid=0.2, test=0.1, seed=3)
    encoder = source.encoder(parts.train)
    want = [encoder.transform(source, rows) for rows in (parts.train, parts.valid, parts.test)]
    got = encode_parts(source, encoder, parts)
    for one, other in zip(want, got, strict=True):
        assert list(one.inputs) == list(other.inputs)
        for name, array in one.inputs.items():
            np.testing.assert_array_equal(other.inputs[name], array)
        np.testing.assert_array_equal(one.target, other.target)
    assert source.frame.width == 0  # type: ignore[attr-defined]


def test_other_kinds_are_parted_too(tmp_path: Path) -> None:
    source = open_source(digit_folder(tmp_path / "digits", each=5))
    parts = split(source, valid=0.2, seed=0)
    encoder = source.encoder(parts.train)
    train, valid, test = encode_parts(source, encoder, parts)
    assert (len(train), len(valid), len(test)) == (12, 3, 0)
    np.testing.assert_array_equal(
        valid.inputs["pixels"], encoder.transform(source, parts.valid).inputs["pixels"]
    )
