"""What `gradwise fit` says of data that cannot be used: one sentence, exit code 2, nothing left behind."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from tests.cli.verbs import call
from tests.data.pictures import DIGITS, digit_folder

ROWS = 40
PLAIN = {"a": [at / 7 for at in range(ROWS)], "b": [at % 5 for at in range(ROWS)], "y": ["no", "yes"] * 20}


def table(**changes: Iterable[object] | None) -> str:
    """The plain table with other columns; None leaves one out."""
    columns = {name: cells for name, cells in {**PLAIN, **changes}.items() if cells is not None}
    return pl.DataFrame(columns, strict=False).write_csv()


def waves(cells: list[str], **more: list[object]) -> str:
    return pl.DataFrame({"wave": cells, "y": (["up", "down"] * len(cells))[: len(cells)], **more}).write_csv()


def long(**changes: list[object]) -> str:
    whole = {"id": [at // 4 for at in range(ROWS)], "t": list(range(ROWS)), "v": PLAIN["a"]}
    kinds = [("up", "down")[at // 4 % 2] for at in range(ROWS)]
    return pl.DataFrame({**whole, "y": kinds, **changes}).write_csv()


def file(content: str | bytes, name: str = "data.csv") -> Callable[[Path], None]:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / name).write_bytes(data) and None


def pictures(change: Callable[[Path], object], classes: int = 3, each: int = 4) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        change(digit_folder(folder / "photos", classes, each))

    return make


def listed(*paths: str) -> Callable[[Path], None]:
    """A csv of paths beside a folder of pictures; some other files lie about."""

    def make(folder: Path) -> None:
        digit_folder(folder / "photos")
        Image.fromarray(DIGITS[0]).save(folder.parent / "outside.png")
        known = sorted(str(path.relative_to(folder)) for path in folder.glob("photos/*/*.png"))
        rows = [*known, *(path.replace("UP", str(folder.parent)) for path in paths)]
        kinds = [("a", "b")[at % 2] for at in range(len(rows))]
        pl.DataFrame({"file": rows, "y": kinds}).write_csv(folder / "data.csv")

    return make


@dataclass(frozen=True)
class Bad:
    """Data that is wrong, how it is made, what is asked, and words that the sentence must hold."""

    name: str
    make: Callable[[Path], None]
    words: tuple[str, ...]
    options: tuple[str, ...] = ("-t", "y")
    data: str = "data.csv"


ONE_CELL = [*PLAIN["a"][:-1], "many"]
HUGE = [10**40 + at for at in range(ROWS)]

CASES = [
    Bad("empty file", file(""), ("data.csv is empty",)),
    Bad("one row", file("a,b,y\n1,2,yes\n"), ("2 rows", "there is 1")),
    Bad("no row", file("a,b,y\n"), ("no rows",)),
    Bad("one class", file(table(y=["yes"] * ROWS)), ("'y' holds only 'yes'", "two classes")),
    Bad("constant target", file(table(y=[0.5] * ROWS)), ("'y' is 0.5 in every row",), ("-t", "y", "--task", "numbers")),
    Bad("constant target, unasked", file(table(y=[2.5] * ROWS)), ("'y'", "2.5")),
    Bad("target all missing", file(table(y=[None] * ROWS)), ("'y' is empty in all 40 rows",)),
    Bad("all columns missing", file(table(a=[None] * ROWS, b=[None] * ROWS)), ("no column is left", "'a': every cell is missing")),
    Bad("no column but the target", file(table(a=None, b=None)), ("no column is left",)),
    Bad("target is not there", file(table()), ("no target column 'x'",), ("-t", "x")),
    Bad("no target named", file(table()), ("--target",), ()),
    Bad("target names rows", file(table(y=[f"name{at}" for at in range(ROWS)]) * 1 + "".join(f"1,1,other{at}\n" for at in range(20))), ("60 different words",)),
    Bad("infinite target", file(table(y=[*PLAIN["a"][:-1], "inf"])), ("'y'", "row 40", "no finite number")),
    Bad("target of mixed types", file(table(y=ONE_CELL)), ("'y'", "row 40", "'many'")),
    Bad("huge whole numbers as target", file(table(y=[10**400 + at for at in range(ROWS)])), ("'y'",)),
    Bad("latin-1", file(table().replace("yes", "olé").encode("latin-1")), ("line 3", "not UTF-8", "iconv")),
    Bad("utf-16", file(table().encode("utf-16")), ("UTF-16", "iconv")),
    Bad("zero bytes", file(table().encode()[:90] + bytes(9)), ("zero byte at line",)),
    Bad("ragged rows", file(table() + "1,2,yes,4\n"), ("line 42", "4 cells where 3 columns")),
    Bad("short row", file(table() + "1,2\n"), ("line 42", "2 cells where 3 columns")),
    Bad("column name twice", file(table().replace("a,b,y", "a,a,y")), ("'a' more than once", "columns 1 and 2")),
    Bad("target name twice", file(table().replace("a,b,y", "a,y,y")), ("'y' more than once",)),
    Bad("no names", file("1,2,0\n3,4,1\n" * 20), ("must name the columns",)),
    Bad("cut gzip", file(gzip.compress(table().encode())[:-30], "data.csv.gz"), ("data.csv.gz cannot be read",), data="data.csv.gz"),
    Bad("a folder, not a file", lambda folder: (folder / "data.csv").mkdir(), ("data.csv", "folder")),
    Bad("a folder of tables", lambda folder: file(table())(folder), ("for the tables in it", "*.csv"), data="."),
    Bad("no such file", file(table()), ("no file dta.csv", "did you mean 'data.csv'"), data="dta.csv"),
    Bad("a binary file", file(np.random.default_rng(0).bytes(4000)), ("data.csv",)),
    Bad("a broken parquet", file(b"PAR1" + bytes(99), "data.parquet"), ("data.parquet", "save it anew"), data="data.parquet"),
    Bad("time with gaps", file(table(t=[None, *range(1, ROWS)])), ("--time", "'t'", "row 1"), ("-t", "y", "--time", "t")),
    Bad("time of words", file(table(t=["soon"] * ROWS)), ("--time", "neither dates nor numbers"), ("-t", "y", "--time", "t")),
    Bad("one group", file(table(g=["x"] * ROWS)), ("2 groups",), ("-t", "y", "--group", "g")),
    Bad("group is not there", file(table()), ("--group names column 'h'",), ("-t", "y", "--group", "h")),
    Bad("drop is not there", file(table()), ("--drop names column 'h'",), ("-t", "y", "--drop", "h")),
    Bad("everything dropped", file(table()), ("no column is left",), ("-t", "y", "--drop", "a", "--drop", "b")),
    Bad("unknown task", file(table()), ("--task",), ("-t", "y", "--task", "guess")),
    Bad("text that is none", file(table()), ("'a'", "not text"), ("-t", "y", "--text", "a")),
    Bad("text that is not there", file(table()), ("no text column 'c'",), ("-t", "y", "--text", "c")),
    Bad("a net for other data", file(table()), ("resnet18",), ("-t", "y", "--net", "resnet18")),
    Bad("--image-size for a table", file(table()), ("--image-size means nothing for a plain table",), ("-t", "y", "--image-size", "64")),
    Bad("two ways to read", file(table()), ("--id and --text",), ("-t", "y", "--id", "a", "--text", "b")),
    # series
    Bad("series of words", file(waves(["1 2 3", "1 x 3", "2 3"])), ("row 2", "'x'"), ("-t", "y", "--series", "wave")),
    Bad("series with an empty cell", file(waves(["1 2 3", "", "2 3", "4 5"])), ("no series in 1 rows (2)",)),
    Bad("series of unequal lengths in a row", file(waves(["1 2 3", "4 5"] * 9, depth=["1 2 3", "4 5 6"] * 9)), ("row 2 holds 2 numbers in column 'wave' and 3 in 'depth'",)),
    Bad("series that are not there", file(waves(["1 2"] * 9)), ("no column 'waves'", "did you mean 'wave'"), ("-t", "y", "--series", "waves")),
    Bad("all series alike", file(waves(["5 5 5"] * 9)), ("nothing to learn from",)),
    Bad("one series", file(waves(["1 2 3"])), ("2 rows", "there is 1"), ("-t", "y")),
    Bad("long table without its id", file(long()), ("--id names 'who'",), ("-t", "y", "--id", "who")),
    Bad("id with gaps", file(long(id=[None, *range(1, ROWS)])), ("column 'id' is empty in 1 rows (1)",), ("-t", "y", "--id", "id")),
    Bad("target changes within a series", file(long(y=["up", "down"] * 20)), ("target 'y' changes within",), ("-t", "y", "--id", "id", "--time", "t")),
    Bad("series with no number", file(long(v=["x"] * ROWS, t=["z"] * ROWS)), ("no column of numbers",), ("-t", "y", "--id", "id")),
    Bad("group of a long table", file(long()), ("--group means nothing for a long table",), ("-t", "y", "--id", "id", "--group", "v")),
    # images
    Bad("empty folder", lambda folder: (folder / "photos").mkdir(), ("photos is empty",), (), "photos"),
    Bad("no image in the folders", pictures(lambda top: [path.rename(path.with_suffix(".doc")) for path in top.glob("*/*")]), ("holds no images",), (), "photos"),
    Bad("one class of images", pictures(lambda top: None, classes=1), ("holds only 'digit0'",), (), "photos"),
    Bad("one image", pictures(lambda top: None, classes=1, each=1), ("2 rows", "there is 1"), (), "photos"),
    Bad("a zero-byte image", pictures(lambda top: (top / "digit0" / "bad.png").write_bytes(b"")), ("bad.png is empty", "mend or remove"), (), "photos"),
    Bad("a corrupt image", pictures(lambda top: (top / "digit0" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))), ("bad.png", "mend or remove"), (), "photos"),
    Bad("a text called png", pictures(lambda top: (top / "digit0" / "bad.png").write_text("hello")), ("bad.png is no image",), (), "photos"),
    Bad("parts of a split as classes", pictures(lambda top: [(top / "digit0").rename(top / "x"), (top / "digit1").rename(top / "y"), (top / "digit2").rename(top / "z"), (top / "train").mkdir(), (top / "x").rename(top / "train" / "x"), (top / "test").mkdir(), (top / "y").rename(top / "test" / "y"), (top / "z").rename(top / "test" / "z")]), ("parts of a split", "train"), (), "photos"),
    Bad("images all black", pictures(lambda top: [Image.new("L", (8, 8)).save(path) for path in top.glob("*/*")]), ("one and the same colour",), (), "photos"),
    Bad("one image file", pictures(lambda top: None), ("is one image",), (), "photos/digit0/0000.png"),
    Bad("image size of nothing", pictures(lambda top: None), ("--image-size takes a whole number from 1",), ("--image-size", "0"), "photos"),
    Bad("--time for a folder of images", pictures(lambda top: None), ("--time means nothing for a folder of images",), ("--time", "t"), "photos"),
    Bad("a path that leaves the folder", listed("../outside.png"), ("row 13", "'../outside.png'", "lies outside")),
    Bad("an absolute path elsewhere", listed("UP/outside.png"), ("row 13", "lies outside")),
    Bad("a path to nothing", listed("photos/none.png"), ("row 13 (none.png) does not exist",)),
    Bad("a path to a folder", listed("photos/digit0"), ("row 13 (digit0) is a folder",)),
    Bad("an empty path", listed(""), ("row 13", "no image path")),
    # other forms
    Bad("npz without a target", lambda folder: np.savez(folder / "data.npz", x=np.arange(20.0).reshape(10, 2)), ("--target",), (), "data.npz"),
    Bad("npz of unequal rows", lambda folder: np.savez(folder / "data.npz", x=np.zeros((9, 2)), y=np.zeros(8)), ("9", "8"), (), "data.npz"),
    Bad("broken npz", file(b"PK\x03\x04" + bytes(60), "data.npz"), ("data.npz",), (), "data.npz"),
    Bad("UCR with a word", file("1\t0.5\tx\n2\t1\t2\n", "Set_TRAIN.tsv"), ("line 1", "'x'"), (), "Set_TRAIN.tsv"),
]  # fmt: skip


def contents(folder: Path) -> dict[str, str]:
    """Every file with a digest of what it holds, every folder with nothing."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_one_sentence_and_nothing_left_behind(bad: Bad, here: Path, capsys: pytest.CaptureFixture) -> None:
    bad.make(here)
    before = contents(here)
    code, out, error = call(
        "fit", capsys, bad.data, *bad.options, "--out", "run", "--epochs", "1", "--rate", "0.01", "--quiet"
    )
    assert (code, out) == (2, ""), error
    assert error.count("\n") == 1 and error.startswith("gradwise: ") and error.endswith(".\n"), error
    assert [word for word in bad.words if word not in error] == [], error
    assert len(error) < 500
    assert contents(here) == before


ODD = [
    Bad("huge whole numbers, gaps, mixed types", file(table(b=HUGE, c=[None] * ROWS, d=["x", 1, 2.5, None] * 10)), ("every cell is missing", "c (empty)")),
    Bad("unsorted time", file(table(t=[f"2024-01-{1 + at * 7 % 28:02d}" for at in range(ROWS)])), ("not in order of time",), ("-t", "y", "--time", "t")),
    Bad("series of unequal lengths", file(waves(["1 2 3", "4 5", "6 7 8 9"] * 10)), ("parted by blanks", "2 to 4 moments")),
    Bad("sizes and channels mixed, a class of one image", pictures(lambda top: [Image.new(mode, (9 + at, 7), 40 * at).save(top / "digit0" / f"odd{at}.png") for at, mode in enumerate(("L", "RGB", "RGBA", "P", "1", "LA", "I;16"))] + [(top / "alone").mkdir(), Image.new("RGB", (20, 10), "red").save(top / "alone" / "1.png")]), ("only one image of alone", "stretched", "RGB"), (), "photos"),
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_what_is_odd_but_usable_is_told_and_used(odd: Bad, here: Path, capsys: pytest.CaptureFixture) -> None:
    odd.make(here)
    code, _, error = call(
        "fit",
        capsys,
        odd.data,
        *odd.options,
        "--out",
        "run",
        "--epochs",
        "1",
        "--rate",
        "0.01",
        "--threads",
        "1",
    )
    assert code in (0, 1), error
    assert [word for word in odd.words if word not in error] == [], error
    assert (here / "run" / "model.safetensors").stat().st_size > 0


def test_a_fit_is_never_overwritten(here: Path, capsys: pytest.CaptureFixture) -> None:
    file(table())(here)
    (here / "run").mkdir()
    (here / "run" / "run.json").write_text("mine")
    code, _, error = call("fit", capsys, "data.csv", "-t", "y", "--out", "run", "--quiet")
    assert code == 2 and "already holds a fit" in error
    assert contents(here / "run").keys() == {str(here / "run" / "run.json")}
    assert (here / "run" / "run.json").read_text() == "mine"


def test_the_same_from_a_shell(tmp_path: Path) -> None:
    file(table(y=["yes"] * ROWS))(tmp_path)
    command = [sys.executable, "-m", "gradwise", "fit", "data.csv", "-t", "y"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("gradwise: ")
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]
