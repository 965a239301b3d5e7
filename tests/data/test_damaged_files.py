"""Files with cut, changed and inserted bytes are read or refused in a sentence, whatever their form."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwise.data.arrays import open_arrays
from gradwise.data.idx import open_idx
from gradwise.data.images import open_images
from gradwise.data.ucr import open_ucr
from gradwise.errors import UsageError
from tests.data.pictures import DIGITS, photo, write_idx

TRIES = 40  # damaged copies of each file
TABLE = {"x": DIGITS[:6].reshape(6, 64) / 3, "y": np.arange(6) % 2}
TS = b"@classLabel true a b\n@data\n1,2,?:4,5,6:a\n7,8:9,10:b\n"
TSV = b"1\t0.5\t0.25\t-1.5\n2\t1\t2\t3\n1\t0\t0\t1e-1\n"


def damaged(content: bytes, seed: int) -> bytes:
    """Cut, changed in the head, changed anywhere, or with something put in between."""
    rng = np.random.default_rng(seed)
    parts = bytearray(content)
    place = int(rng.integers(len(parts)))
    if seed % 4 == 0:
        return bytes(parts[:place])
    if seed % 4 == 1:
        parts[place:place] = rng.bytes(9)
        return bytes(parts)
    reach = len(parts) if seed % 4 == 2 else min(len(parts), 300)
    for at in rng.integers(reach, size=4):
        parts[at] = rng.integers(256)
    return bytes(parts)


def written(save: Callable[[Any], Any]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def idx(folder: Path) -> bytes:
    return write_idx(folder / "whole", DIGITS[:4]).read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("train-images-idx3-ubyte", idx, open_idx),
        ("train-images-idx3-ubyte.gz", lambda folder: gzip.compress(idx(folder)), open_idx),
        ("a.npz", lambda _: written(lambda file: np.savez(file, **TABLE)), open_arrays),
        ("b.npz", lambda _: written(lambda file: np.savez_compressed(file, **TABLE)), open_arrays),
        ("a.npy", lambda _: written(lambda file: np.save(file, TABLE["x"])), open_arrays),
        ("a.ts", lambda _: TS, open_ucr),
        ("a.tsv", lambda _: TSV, open_ucr),
        *(
            (f"a.{form}", lambda _, form=form: written(lambda file: photo(16, 16).save(file, form)), None)
            for form in ("png", "jpeg", "gif", "webp", "bmp", "ppm")
        ),
    ],
)
def test_damaged_files(
    tmp_path: Path, name: str, content: Callable[[Path], bytes], read: Callable[[Path], Any] | None
) -> None:
    whole = content(tmp_path)
    folder = tmp_path / "class"
    folder.mkdir()
    refused = []
    for seed in range(TRIES):
        (folder / name).write_bytes(damaged(whole, seed))
        try:
            source = open_images(tmp_path) if read is None else read(folder / name)
            assert source.describe()
            assert source.fingerprint()
            if source.target is not None:
                source.encoder(np.arange(len(source))).transform(source)
        except UsageError as error:
            refused.append(str(error))
    assert len(refused) >= TRIES // 8  # what is cut is noticed
    assert [words for words in refused if not words.endswith(".")] == []
