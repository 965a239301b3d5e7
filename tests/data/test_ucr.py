"""Files of the UCR and UEA archives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradwise.data.ucr import open_ucr
from gradwise.errors import UsageError

TSV = "1\t0.5\t0.25\t-1.5\n2\t1\t2\t3\n1\t0\t0\t1e-1\n"
TS = """# from the archive
@problemName Waves
@timeStamps false
@missing true
@univariate false
@dimensions 2
@equalLength false
@classLabel true walk run
@data
1,2,?:4,5,6:walk
7,8:9,10:run
"""


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("mark", ["\t", ",", "  "])
def test_class_first_parted_by_anything(tmp_path: Path, mark: str) -> None:
    source = open_ucr(write(tmp_path, "Waves_TRAIN.tsv", TSV.replace("\t", mark)))
    np.testing.assert_allclose(
        source.values.reshape(3, 3), [[0.5, 0.25, -1.5], [1, 2, 3], [0, 0, 0.1]], rtol=1e-6
    )
    assert source.strata().tolist() == [0, 1, 0]
    assert source.features == ("value",)
    assert source.encoder(np.arange(3)).task.classes == ("1", "2")


def test_classes_written_as_decimals_and_negative(tmp_path: Path) -> None:
    source = open_ucr(write(tmp_path, "a.txt", "  1.0000000e+00  0.1  0.2\n -1.0000000e+00  0.3  0.4\n"))
    assert source.encoder(np.arange(2)).task.classes == ("-1", "1")
    assert source.strata().tolist() != [0, 0]


def test_padding_at_the_end_is_cut_and_gaps_are_kept(tmp_path: Path) -> None:
    source = open_ucr(write(tmp_path, "a.tsv", "1\t1\tNaN\t3\tNaN\tNaN\n2\t4\t5\t6\t?\t8\n"))
    assert source.lengths.tolist() == [3, 5]
    np.testing.assert_array_equal(source.values.ravel(), [1, np.nan, 3, 4, 5, 6, np.nan, 8])


def test_several_dimensions_and_unequal_lengths(tmp_path: Path) -> None:
    source = open_ucr(write(tmp_path, "Waves.ts", TS))
    assert source.features == ("dimension 1", "dimension 2")
    assert source.lengths.tolist() == [3, 2]
    np.testing.assert_array_equal(source.values, [[1, 4], [2, 5], [np.nan, 6], [7, 9], [8, 10]])
    encoder = source.encoder(np.arange(2))
    assert encoder.task.classes == ("run", "walk")
    assert encoder.shape() == {"features": 2, "length": 3}
    assert encoder.transform(source).inputs["lengths"].tolist() == [3, 2]


def test_regression_and_unlabelled(tmp_path: Path) -> None:
    head = "@targetLabel true\n@data\n"
    source = open_ucr(write(tmp_path, "a.ts", head + "1,2:0.5\n3,4:1.5\n5,6:9.25\n"))
    assert source.encoder(np.arange(3)).task.kind == "numbers"
    assert open_ucr(write(tmp_path, "b.ts", "@classLabel false\n@data\n1,2\n3,4\n")).target is None
    some = open_ucr(write(tmp_path, "c.ts", "@classLabel true a b\n@data\n1,2:a\n3:?\n4,5,6:b\n"))
    assert some.lengths.tolist() == [2, 3]
    assert some.values.ravel().tolist() == [1, 2, 4, 5, 6]


def test_a_folder_of_the_archive(tmp_path: Path) -> None:
    for name in ("Waves_TRAIN.tsv", "Waves_TEST.tsv"):
        write(tmp_path, name, TSV)
    write(tmp_path, "Waves_TRAIN.ts", TS)
    write(tmp_path, "README.md", "waves")
    source = open_ucr(tmp_path)
    assert len(source) == 3
    assert source.choices[0].name == "test-set"
    assert "Waves_TEST.tsv" in source.choices[0].reason


def test_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    source = open_ucr(write(tmp_path, "a.tsv", "\ufeff" + TSV.replace("\n", "\r\n\r\n")))
    assert source.strata().tolist() == [0, 1, 0]


def _bytes(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _head(line: str) -> bytes:
    return TS.replace("@missing true", line).encode()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "gone.tsv", "does not exist"),
        (lambda folder: folder, "holds no single ..._TRAIN.tsv"),
        (_bytes("a.tsv", b""), "is empty; expected one series per line"),
        (_bytes("a.tsv", b" \n\n"), "is empty"),
        (_bytes("a.tsv", TSV.encode() + b"\xff\xfe\t1\t2\n"), "line 4 of .* is not UTF-8"),
        (_bytes("a.tsv", TSV.encode() + b"3\n"), "line 4 of .* is '3'; expected a class and then the series"),
        (_bytes("a.tsv", TSV.encode() + b"3\t1\tx7\n"), "line 4 of .* holds 'x7' where a number is expected"),
        (_bytes("a.tsv", TSV.encode() + b"3\t1\tinf\n"), "line 4 of .* infinite"),
        (_bytes("a.tsv", TSV.encode() + b"3\tNaN\tNaN\n"), "line 4 of .* holds a class but no value"),
        (_bytes("a.ts", TS.split("@data", maxsplit=1)[0].encode()), "has no line @data"),
        (_bytes("a.ts", b"1,2:a\n3,4:b\n"), "line 1 of .* expected @data"),
        (
            _bytes("a.ts", TS.split("1,2", maxsplit=1)[0].encode()),
            "holds no series; expected one per line after @data",
        ),
        (_bytes("a.ts", _head("@timestamps true")), "holds time stamps"),
        (
            _bytes("a.ts", TS.encode() + b"1,2:3,4:jump\n"),
            "line 12 of .* has class 'jump', but @classLabel lists walk, run",
        ),
        (_bytes("a.ts", TS.encode() + b"1,2:walk\n"), "line 12 of .* has 1 dimensions, but the first has 2"),
        (_bytes("a.ts", TS.encode() + b"1,2:3:walk\n"), "line 12 of .* dimensions of 1, 2 moments"),
        (_bytes("a.ts", TS.encode() + b"walk\n"), "line 12 of .* has no ':'"),
        (_bytes("a.ts", TS.encode() + b"1,b:2,3:walk\n"), "line 12 of .* holds 'b'"),
    ],
)
def test_bad_files_are_told_in_one_sentence(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        open_ucr(make(tmp_path))


def test_a_single_class_cannot_be_learnt(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least two classes"):
        open_ucr(write(tmp_path, "a.tsv", "1\t2\t3\n1\t4\t5\n")).encoder(np.arange(2))
