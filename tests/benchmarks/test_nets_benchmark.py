"""The benchmark of nets: every family has a row, budgets become rows and epochs, tables say what was found."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks.nets import __main__ as command
from benchmarks.nets import cell, data
from benchmarks.nets.cell import Result, run_row
from benchmarks.nets.rows import IMAGES, ROWS, Row, chosen, families, faults, smallest
from benchmarks.nets.table import TITLES, Line, judged, markdown, shown
from gradwise import nets
from gradwise.train.config import FitConfig

GOOD = Result("accuracy", 0.9, 100, 640, 2, 5.0, 1000.0, 2**28, 1234, "learnt", [], ["plateau"])


@pytest.fixture
def digits(tmp_path, monkeypatch) -> data.Files:
    """scikit-learn's digits in the place of Fashion-MNIST."""
    monkeypatch.setattr(data, "PLACE", tmp_path)
    x, y = load_digits(return_X_y=True)
    images = np.repeat(np.repeat((x.reshape(-1, 1, 8, 8) * 15).astype(np.uint8), 2, axis=2), 2, axis=3)
    made = data.Files(tmp_path / "fashion_train.npy", tmp_path / "fashion_test.npy", data.READING["fashion"])
    data._save(made.train, images[:1500], y[:1500])
    data._save(made.test, images[1500:], y[1500:], 200)
    return made


def test_every_family_has_a_row_of_its_smallest_member() -> None:
    assert faults() == []


def test_a_family_without_a_row_is_told() -> None:
    rest = [row for row in ROWS if row.net not in ("lstm", "gru", "rnn")]
    assert faults(rest) == ["family 'recurrent' has no row: add its smallest member, lstm"]
    larger = [dataclasses.replace(row, net="resnet34") if row.net == "resnet18" else row for row in ROWS]
    assert faults(larger) == ["family 'resnet' has no row of its smallest member, resnet18"]
    assert smallest(["resnet50", "resnet18", "resnet34"], "cifar10") == "resnet18"


def test_rows_are_nets_on_data_that_there_is_with_settings_that_there_are() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    kinds = {"adult": "table", "crop": "series", "adding": "series", "imdb": "text"}
    for row in ROWS:
        kind = "images" if row.data in IMAGES else kinds[row.data]
        assert kind in nets.NETS[row.net].makers
        FitConfig.make({"net": row.net, "batch_size": row.batch, "rate": row.rate, **row.settings})
    assert {row.data for row in ROWS} <= set(data.MAKERS) and set(data.MAKERS) == set(TITLES) == set(
        data.READING
    )
    assert {page.name for page in families()} >= {"mlp", "perceptron", "lenet", "cnn", "cnn1d", "recurrent"}


def test_rows_are_chosen_by_name_net_and_data() -> None:
    assert [row.name for row in chosen(["lstm-imdb"])] == ["lstm-imdb"]
    assert {row.net for row in chosen(["imdb", "gru"])} == {"lstm", "cnn1d", "gru"}
    assert chosen([]) == list(ROWS)
    with pytest.raises(ValueError, match="no row is called 'lstn'"):
        chosen(["lstn"])


def test_the_adding_problem_adds_the_two_values_that_are_marked(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(data, "PLACE", tmp_path)
    monkeypatch.setattr(data, "ADDING_ROWS", 50)
    made = data.files("adding")
    series, sums = np.load(made.train), np.load(made.train.with_name("adding_train_y.npy"))
    assert series.shape == (50, data.STEPS, 2) and data.rows_of(made) == 50
    for half in np.split(series[..., 1], 2, axis=1):
        assert (half.sum(axis=1) == 1).all()
    np.testing.assert_allclose((series[..., 0] * series[..., 1]).sum(axis=1), sums, rtol=1e-6)
    np.save(made.train, series[:10])  # kept, not made again
    assert data.rows_of(data.files("adding")) == 10


def test_the_first_rows_of_tables_and_arrays(digits, tmp_path) -> None:
    folder = tmp_path / "part"
    folder.mkdir()
    place = data.first_rows(digits, 7, folder)
    assert np.array_equal(np.load(place), np.load(digits.train)[:7])
    assert len(np.load(folder / "fashion_train_y.npy")) == 7
    (tmp_path / "a.csv").write_text("x,class\n1,a\n2,b\n3,a\n")
    table = data.Files(tmp_path / "a.csv", tmp_path / "a.csv", {"target": "class"})
    assert data.first_rows(table, 2, folder).read_text() == "x,class\n1,a\n2,b\n"
    assert data.rows_of(table) == 3


def test_a_row_is_fitted_and_scored_on_rows_that_it_has_not_seen(digits) -> None:
    result = run_row(Row("perceptron", "fashion", batch=32, rate=0.01), seconds=0.4)
    assert result.metric == "accuracy" and result.score > 0.8 and result.tested == 200
    assert result.weights == 16 * 16 * 10 + 10 and result.word.startswith("learnt")
    assert result.broken == [] and result.samples_per_second > 0
    assert result.peak_memory_bytes > 50 * 2**20


@pytest.mark.parametrize(
    ("speed", "rows", "epochs"), [(1.0, 320, 1), (90.0, 1000, 1), (1350.0, 1500, 10), (1e9, 1500, 40)]
)
def test_a_budget_becomes_rows_or_passes_over_all(digits, monkeypatch, speed, rows, epochs) -> None:
    asked = []

    def fit(row, files, folder, rows, **settings):
        asked.append((rows, settings["epochs"]))
        history = [{"examples_per_second": speed}] * settings["epochs"]
        network = SimpleNamespace(
            evaluate=lambda _: SimpleNamespace(metrics={"accuracy": 0.5}),
            model=SimpleNamespace(parameters=list),
        )
        record = SimpleNamespace(
            history=history,
            split={"train": rows},
            verdict={"findings": [], "word": "learnt"},
            seconds={"train": 1.0},
        )
        return SimpleNamespace(network=network, record=record)

    monkeypatch.setattr(cell, "_fit", fit)
    result = run_row(Row("mlp", "fashion", batch=32), seconds=10.0)
    assert asked[1] == (rows, epochs)
    assert result.samples_per_second == pytest.approx(speed)


def test_what_is_broken_misses_the_bar_and_so_does_what_was_not_measured() -> None:
    row = ROWS[0]
    broken = dataclasses.replace(GOOD, broken=["dead-relu"], others=[])
    lines = [Line(row, GOOD), Line(row, broken), Line(row, note="failed: no memory")]
    assert [line.holds for line in lines] == [True, False, False]
    assert judged(lines[:1]) == "no finding of the group broken in 1 rows: the bar holds"
    assert "MISSED by 2 of 3 rows: perceptron-fashion (dead-relu); perceptron-fashion (failed" in judged(
        lines
    )
    table = markdown(lines).splitlines()
    assert len({line.count("|") for line in table}) == 1
    assert "| 0.900 ± 0.059 | 1,000 | 2 x 640 | 5 | 1,234 | 256 | none | plateau |" in table[2]
    assert "failed: no memory" in table[4]
    assert (
        shown(dataclasses.replace(GOOD, metric="r2", score=-0.1, word="not learnt"))
        == "R² -0.100 (not learnt)"
    )


def test_the_command_runs_a_row_in_a_process_and_keeps_it(tmp_path, capsys, monkeypatch) -> None:
    file = tmp_path / "nets.json"
    monkeypatch.setattr(command, "files", lambda name: None)
    answer = SimpleNamespace(returncode=0, stdout="noise\n" + json.dumps(dataclasses.asdict(GOOD)), stderr="")
    monkeypatch.setattr(command.subprocess, "run", lambda *_, **__: answer)
    monkeypatch.setattr("sys.argv", ["nets", "--only", "gru", "--quick", "--json", str(file)])
    assert command.main() == 0
    said = capsys.readouterr()
    assert "| gru | UCR Crop | 0.900 ± 0.059 |" in said.out and "the bar holds" in said.out
    kept = json.loads(file.read_text())
    assert [each["row"] for each in kept["rows"]] == ["gru-crop", "gru-adding"] and kept["seconds"] == 3.0
    answer.returncode, answer.stderr = 1, "Traceback\nValueError: what | went wrong"
    assert command.main() == 1
    assert "failed: ValueError: what / went wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--only", "lstn"], "no row is called 'lstn'"), (["--seconds", "0"], "above 0, not 0")],
)
def test_wrong_use_is_one_sentence(words, said, capsys, monkeypatch) -> None:
    monkeypatch.setattr("sys.argv", ["nets", *words])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert said in capsys.readouterr().err


def test_missing_data_says_how_to_get_it(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(data, "PLACE", tmp_path)
    monkeypatch.setattr("benchmarks.fit.fetch.DOWNLOADS", tmp_path)
    monkeypatch.setattr("sys.argv", ["nets", "--only", "imdb"])
    assert command.main() == 2
    assert "python -m benchmarks.fit.fetch imdb" in capsys.readouterr().err
    assert list(Path(tmp_path).iterdir()) == []
