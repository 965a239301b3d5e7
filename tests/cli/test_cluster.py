"""`gradwise cluster` as a user types it: tables, page, rows with clusters, and what it says of bad input."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from gradwise.baselines import clustering
from tests.cli.verbs import call
from tests.house.test_light import python

ROWS = 30

# Runs a verb where torch cannot be found; SciPy asks sys.modules for it, so it may not stand there as None.
WITHOUT_TORCH = """
import sys
from importlib.abc import MetaPathFinder

class NoTorch(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
from gradwise.cli.app import main
main(sys.argv[1:])
"""


@pytest.fixture
def iris(here):
    bunch = load_iris()
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    columns = {name: bunch.data[:, at] for at, name in enumerate(names)}
    pl.DataFrame({**columns, "kind": [str(bunch.target_names[at]) for at in bunch.target]}).write_csv(
        here / "iris.csv"
    )
    return here


def test_the_tables_say_how_many_how_good_and_what_they_are(iris, capsys):
    code, out, error = call("cluster", capsys, "iris.csv", "--drop", "kind")
    assert code == 0
    assert "2 clusters, mean silhouette 0.58 (a reasonable structure" in " ".join(out.split())
    assert "sets of the same shape without clusters come to" in " ".join(out.split())
    assert "(--k 3 takes the elbow)" in " ".join(out.split()), "elbow and silhouettes disagree on iris"
    assert "100 (67 %)" in out and "petal length 1.462 (all 3.758; -1.3 sd)" in " ".join(out.split())
    chosen = next(line for line in out.splitlines() if line.endswith("chosen"))
    assert chosen.split()[:2] == ["2", "0.582"]
    assert sum(line.endswith("elbow") for line in out.splitlines()) == 1
    assert "scale" in error and "mean 0, deviation 1" in error and "k-means++" in error


def test_page_rows_and_json(iris, capsys):
    files = ("--html", "c.html", "--out", "rows.csv", "--json", "c.json")
    code, _, error = call("cluster", capsys, "iris.csv", "--drop", "kind", "--k", 3, *files)
    assert code == 0 and "page     c.html" in error and "rows     rows.csv" in error
    page = (iris / "c.html").read_text()
    assert "iris.csv: 3 clusters" in page and "plot-plane" in page and "plot-each" in page
    assert "plot-elbow" not in page, "one k has no elbow"
    frame = pl.read_csv(iris / "rows.csv")
    assert frame.columns[-2:] == ["kind", "cluster"], "a column that was dropped is in the rows all the same"
    assert adjusted_rand_score(frame["kind"], frame["cluster"]) > 0.55
    told = json.loads((iris / "c.json").read_text())
    assert told["k"] == 3 and told["structure"] is True and told["elbow"] is None
    assert [each["rows"] for each in told["clusters"]] == frame["cluster"].value_counts().sort("cluster")[
        "count"
    ].to_list()
    assert len(told["without_clusters"]["even"]) == 10


def test_a_page_of_several_k_has_every_plot(iris, capsys):
    call("cluster", capsys, "iris.csv", "--k", "2..4", "--html", "c.html", "-q")
    page = (iris / "c.html").read_text()
    assert all(f'id="plot-{name}"' in page for name in ("elbow", "silhouette", "each", "plane"))
    assert "<script>alert" not in page and "cut into 2" in page


def test_names_of_the_data_cannot_run_in_the_page(here, capsys):
    name = "<script>alert(1)</script>"
    pl.DataFrame({name: np.arange(40) % 7 * 1.5, "b": np.arange(40) ** 2}).write_csv(here / "d.csv")
    code, _, _ = call("cluster", capsys, "d.csv", "--k", 2, "--html", "c.html", "-q")
    assert code == 0 and name not in (here / "c.html").read_text()


def test_quiet_json_to_standard_output_and_another_name_for_the_column(here, capsys):
    pl.DataFrame({"cluster": [1, 2] * 15, "b": [at**2 for at in range(30)]}).write_csv(here / "d.csv")
    code, out, error = call("cluster", capsys, "d.csv", "--k", 2, "-q", "--json", "-", "--out", "r.parquet")
    assert (code, error) == (0, "") and json.loads(out)["k"] == 2
    assert pl.read_parquet(here / "r.parquet").columns == ["cluster", "b", "cluster_2"]


def test_no_structure_is_said(here, capsys):
    random = np.random.default_rng(0)
    pl.DataFrame(random.normal(size=(200, 3)), schema=["a", "b", "c"]).write_csv(here / "d.csv")
    code, out, _ = call("cluster", capsys, "d.csv", "--k", "2..4", "-q")
    assert code == 0 and out.startswith("found        no structure: ")
    assert "a cut through one cloud, not as groups" in " ".join(out.split())


def test_ctrl_c_shows_what_was_tried(iris, capsys, monkeypatch):
    plain = clustering._best_of

    def struck(values, k, seed):
        if k == 4:
            raise KeyboardInterrupt
        return plain(values, k, seed)

    monkeypatch.setattr(clustering, "_best_of", struck)
    code, out, _ = call("cluster", capsys, "iris.csv", "--k", "2..6", "-q")
    assert code == 130 and "tried by then: k = 2, 3" in out and "100 (67 %)" in out


def test_it_needs_no_torch(iris):
    done = python(
        WITHOUT_TORCH, "cluster", str(iris / "iris.csv"), "--k", "2", "--html", str(iris / "c.html")
    )
    assert done.returncode == 0, done.stderr
    assert "mean silhouette" in done.stdout


@dataclass(frozen=True)
class Bad:
    """Input that is wrong, what is asked, and words that the sentence must hold."""

    name: str
    content: str | bytes | Callable[[Path], None]
    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    data: str = "data.csv"


def table(**changes):
    plain = {"a": [at / 7 for at in range(ROWS)], "b": [at * at % 11 for at in range(ROWS)]}
    columns = {name: cells for name, cells in {**plain, **changes}.items() if cells is not None}
    return pl.DataFrame(columns, strict=False).write_csv()


CASES = [
    Bad("empty file", "", ("data.csv is empty",)),
    Bad("no rows", "a,b\n", ("no rows",)),
    Bad("one row", "a,b\n1,2\n", ("at least 3 rows", "there is 1")),
    Bad("two rows", "a,b\n1,2\n3,4\n", ("at least 3 rows", "there are 2")),
    Bad("all constant", "a,b\n" + "1,x\n" * 9, ("no column tells rows apart", "'a': every cell is 1", "'b'")),
    Bad("all missing", table(a=[None] * ROWS, b=[None] * ROWS), ("no column tells rows apart", "every cell is missing")),
    Bad("only names of rows", table(a=None, b=[f"n{at}" for at in range(ROWS)]), ("no column tells rows apart", "names rows")),
    Bad("only text", table(a=None, b=[f"a long sentence of many words, number {at}" for at in range(ROWS)]), ("no column tells rows apart", "free text")),
    Bad("only rare words", table(a=None, b=[f"w{at // 2}" for at in range(ROWS)]), ("no column tells rows apart", "too rare")),
    Bad("fewer different rows than k", "a,b\n" + "1,2\n3,4\n5,9\n" * 9, ("asks for 5 clusters", "3 different rows", "at most 3"), ("--k", "5")),
    Bad("as many clusters as rows", table(), ("asks for 30 clusters", "there are 30 rows", "at most 29"), ("--k", "30")),
    Bad("k of one", table(), ("--k takes 2 to 100 clusters, not 1",), ("--k", "1")),
    Bad("k of zero", table(), ("--k takes 2 to 100 clusters, not 0",), ("--k", "0")),
    Bad("k far too large", table(), ("2 to 100", "2..999"), ("--k", "2..999")),
    Bad("k backwards", table(), ("runs backwards", "write 2..5"), ("--k", "5..2")),
    Bad("k of a word", table(), ("number or a range such as 2..10", "'many'"), ("--k", "many")),
    Bad("k below zero", table(), ("number or a range",), ("--k=-3",)),
    Bad("k with a point", table(), ("number or a range", "'2.5'"), ("--k", "2.5")),
    Bad("seed below zero", table(), ("--seed takes a whole number from 0",), ("--seed", "-1")),
    Bad("drop is not there", table(), ("--drop names column 'c'",), ("--drop", "c")),
    Bad("everything dropped", table(), ("no column tells rows apart",), ("--drop", "a", "--drop", "b")),
    Bad("series", pl.DataFrame({"w": ["0.1 0.2 0.3"] * ROWS}).write_csv(), ("column by column", "read as series")),
    Bad("no such file", table(), ("no file dta.csv", "did you mean 'data.csv'"), data="dta.csv"),
    Bad("ragged rows", table() + "1,2,3\n", ("line 32", "3 cells where 2 columns")),
    Bad("latin-1", "a,b\nolé,1\n".encode("latin-1") * 9, ("not UTF-8",)),
    Bad("out of another kind", table(), (".csv or .parquet", "r.txt"), ("--out", "r.txt")),
    Bad("out onto the data", table(), ("is the data itself",), ("--out", "data.csv")),
    Bad("out into nothing", table(), ("there is no directory no",), ("--out", "no/r.csv")),
    Bad("page into nothing", table(), ("--html no/c.html", "no directory no"), ("--html", "no/c.html")),
    Bad("json onto a folder", table(), ("--json takes a file name",), ("--json", ".")),
    Bad("unknown option", table(), ("--clusters", "cluster --help"), ("--clusters", "3")),
    Bad("array all missing", lambda folder: np.save(folder / "data.npy", np.full((9, 2), np.nan)), ("no column of the array tells rows apart",), data="data.npy"),
    Bad("array with an infinity", lambda folder: np.save(folder / "data.npy", np.array([[1.0], [np.inf], [2], [3]])), ("row 2", "infinite"), data="data.npy"),
    Bad("drop of an array", lambda folder: np.save(folder / "data.npy", np.eye(5)), ("--drop names columns", "has none"), ("--drop", "a"), data="data.npy"),
    Bad("images all alike", lambda folder: np.savez(folder / "data.npz", images=np.ones((9, 8, 8), np.uint8)), ("all images are the same",), data="data.npz"),
]  # fmt: skip


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_one_sentence_and_nothing_left_behind(bad, here, capsys):
    if callable(bad.content):
        bad.content(here)
    else:
        content = bad.content if isinstance(bad.content, bytes) else bad.content.encode()
        (here / "data.csv").write_bytes(content)
    before = sorted(here.iterdir())
    code, out, error = call("cluster", capsys, bad.data, "-q", *bad.options)
    assert (code, out) == (2, ""), error
    assert error.count("\n") == 1 and error.startswith("gradwise: ") and error.endswith(".\n"), error
    assert [word for word in bad.words if word not in error] == [], error
    assert sorted(here.iterdir()) == before


def test_without_data_an_example_is_given(here, capsys):
    code, _, error = call("cluster", capsys)
    assert code == 2 and "gradwise cluster data.csv" in error


ODD = {
    "gaps and mixed types": table(
        a=[None if at % 3 else at for at in range(ROWS)], b=[*range(ROWS - 1), "many"]
    ),
    "an infinite cell": table(b=[*(at % 7 for at in range(ROWS - 1)), "inf"]),
    "huge numbers": table(b=[10**30 * (at % 5 + 1) for at in range(ROWS)]),
    "dates": table(b=[f"2024-01-{at % 28 + 1:02d}" for at in range(ROWS)]),
    "three rows": "a,b\n1,2\n3,4\n9,1\n",
    "two different rows": "a,b\n" + "1,2\n3,4\n" * 9,
    "blank rows": "a,b\n1,2\n,\n3,4\n5,1\n,\n7,7\n8,8\n",
}


@pytest.mark.parametrize("name", list(ODD))
def test_what_is_odd_but_usable_is_used(name, here, capsys):
    (here / "data.csv").write_text(ODD[name])
    code, _, error = call("cluster", capsys, "data.csv", "--out", "r.csv", "--html", "c.html")
    assert code == 0, error
    clusters = pl.read_csv(here / "r.csv")["cluster"]
    assert clusters.min() == 1 and clusters.null_count() == 0
    if name == "blank rows":
        assert len(clusters) == 5 and "every cell is empty; left out" in error
