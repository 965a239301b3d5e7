"""The benchmark of fit measures what it says, on synthetic points; nothing here depends on how fast the machine is."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from benchmarks.fit import __main__ as command
from benchmarks.fit import cell, data, fetch, ours_bare
from benchmarks.fit.meter import Done, Meter, Result
from benchmarks.fit.peers import MODULES, missing, peer
from benchmarks.fit.peers.hand_tuned import variants
from benchmarks.fit.table import Cell, bars, judged, markdown
from benchmarks.fit.workloads import SYNTHETIC, WORKLOADS, problem


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.getbasetemp() / "bench-data"
    monkeypatch.setattr(data, "CACHE", folder)
    monkeypatch.setattr(fetch, "DOWNLOADS", folder / "downloads")


def _result(speed, reached=1.0, **other):
    rows = None if reached is None else 100
    values = {"sought": True, **other}
    return Result(speed, reached, rows, 0.95, 10, 2**20, 2**19, 0, 2.0, **values)


def _cells(ours=2000.0, plain=1000.0, tuned=2000.0, **others):
    speeds = {"plain": plain, "hand-tuned": tuned, **others, "gradwise": ours}
    return [Cell(SYNTHETIC, name, f"<{name}>", [_result(speed)]) for name, speed in speeds.items()]


def test_two_peers_reach_the_target_and_equal_seeds_give_equal_accuracy():
    first = cell.run_cell("blobs", "plain", seconds=0.1, limit=20)
    again = cell.run_cell("blobs", "plain", seconds=0.1, limit=20)
    tuned = cell.run_cell("blobs", "hand-tuned", seconds=0.1, limit=20)
    for result in (first, again, tuned):
        assert result.sought and result.seconds_to_target < result.trained_seconds
        assert result.samples_per_second > 0 and result.steps > 0
        assert result.accuracy >= SYNTHETIC.target
        assert result.peak_memory_bytes >= result.start_memory_bytes >= 0
    assert first.samples_to_target == again.samples_to_target
    assert tuned.accuracy == pytest.approx(first.accuracy, abs=0.03)


def test_gradwise_trains_the_same_net_with_and_without_the_doctor(monkeypatch):
    monkeypatch.setattr(ours_bare, "BLOCK_SECONDS", 0.05)
    ours = cell.run_cell("blobs", "gradwise", seconds=0.1, limit=20)
    assert ours.accuracy >= SYNTHETIC.target
    bare = cell.run_cell("blobs", "gradwise-no-doctor", seconds=0.4, limit=0)
    assert bare.doctor_ratio is not None and math.isfinite(bare.doctor_ratio) and bare.doctor_ratio > 0
    assert bare.seconds_to_target is None and not bare.sought


def test_every_peer_starts_from_the_same_weights_whatever_the_seed():
    nets = [problem("blobs", seed).net() for seed in (0, 1)]
    for one, other in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_the_nets_take_their_rows_and_give_a_score_per_class(name):
    shapes = {"adult": (108,), "cnn": (1, 28, 28), "resnet18": (3, 32, 32), "series": (46, 1), "imdb": (128,)}
    rows = torch.ones(2, *shapes[name], dtype=torch.int64 if name == "imdb" else torch.float32)
    assert WORKLOADS[name].net(shapes[name], 5)(rows).shape == (2, 5)


def test_padding_does_not_change_what_the_text_net_says():
    net = WORKLOADS["imdb"].net((6,), 2)
    words = torch.tensor([[5, 6, 7, 0, 0, 0]])
    torch.testing.assert_close(net(words), net(words[:, :3]))


def test_pixels_get_mean_zero_and_the_hand_tuned_loop_tries_both_layouts(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (200, 1, 28, 28)).astype(np.uint8)
    labels = np.arange(200) % 10
    monkeypatch.setattr(
        "benchmarks.fit.workloads.load", lambda _: data.Arrays(images, labels, images, labels)
    )
    made = problem("cnn", 0)
    assert abs(float(made.train_x.mean())) < 1e-3 and float(made.train_x.std()) == pytest.approx(1, abs=1e-2)
    assert {variant.channels_last for variant in variants(made)} == {True, False}


def test_the_clock_leaves_out_warm_up_and_accuracy():
    times = iter(np.arange(0.0, 1000.0))  # a second passes with every look at the clock
    meter = Meter(seconds=20, limit=0, target=None, check_rows=10, wait=lambda: None)
    meter.clock = lambda: next(times)
    meter.start(lambda: 0.5)
    with pytest.raises(Done):
        for _ in range(500):
            meter.tick(10)
    result = meter.result()
    # Each tick looks once at the clock besides the accuracy's two looks, which count one second as paused.
    assert result.samples_per_second == pytest.approx(10 / 2, rel=0.2)
    assert result.accuracy == 0.5 and result.seconds_to_target is None and not result.sought


def test_a_target_is_waited_for_until_the_limit():
    times = iter(np.arange(0.0, 10_000.0))
    meter = Meter(seconds=5, limit=300, target=0.9, check_rows=10, wait=lambda: None)
    meter.clock = lambda: next(times)
    meter.start(lambda: 0.1)
    with pytest.raises(Done):
        for _ in range(5_000):
            meter.tick(10)
    assert meter.result().trained_seconds >= 300
    assert meter.result().seconds_to_target is None


def test_all_bars_hold_at_their_limit_and_miss_just_below():
    cells = _cells(lightning=900.0)
    assert all(bar.holds for bar in bars(cells))
    missed = {bar.what for bar in bars(_cells(ours=1899.0, lightning=1900.0)) if not bar.holds}
    assert missed == {"samples/s over <hand-tuned>", "samples/s over <lightning>"}


def test_the_bar_over_the_plain_loop_is_the_workloads_own():
    assert [WORKLOADS[name].bar for name in ("cnn", "resnet18", "adult", "series", "imdb")] == [
        2,
        2,
        1.6,
        1,
        1,
    ]
    slow = [dataclasses.replace(one, workload=WORKLOADS["cnn"]) for one in _cells(ours=1990.0)]
    (plain,) = [bar for bar in bars(slow) if bar.what.endswith("<plain>")]
    assert plain.least == 2.0 and not plain.holds


def test_ratios_are_taken_within_a_repetition():
    cells = _cells()
    cells[0].results = [
        _result(1000.0),
        _result(100.0),
        _result(1000.0),
    ]  # the machine was slow in the second
    cells[-1].results = [_result(2000.0), _result(200.0), _result(2000.0)]
    assert bars(cells)[0].measured == 2.0


def test_a_peer_that_is_not_installed_is_listed_and_was_not_beaten():
    cells = [*_cells(), Cell(SYNTHETIC, "keras", "Keras", note="not installed (keras)")]
    assert "| Keras | not installed (keras) |" in markdown(cells)
    (bar,) = [bar for bar in bars(cells) if "Keras" in bar.what]
    assert bar.measured is None and not bar.holds
    assert "| not measured | 1.00 | MISSED |" in judged([bar])


def test_the_doctor_may_cost_two_percent():
    for share, holds in ((0.985, True), (0.975, False)):
        bare = Cell(
            SYNTHETIC, "gradwise-no-doctor", "bare", [_result(2000.0, None, sought=False, doctor_ratio=share)]
        )
        (bar,) = [bar for bar in bars([*_cells(), bare]) if "doctor" in bar.what]
        assert bar.holds is holds


def test_a_target_that_is_not_reached_misses_its_bar_and_shows_in_the_table():
    cells = _cells()
    cells[-1].results = [_result(2000.0, None), _result(2000.0)]
    assert "not reached in 1 of 2" in markdown(cells)
    assert [bar.measured for bar in bars(cells) if "share of runs" in bar.what] == [0.5]


def test_the_command_prints_a_table_and_keeps_the_raw_results(tmp_path, capsys, monkeypatch):
    file = tmp_path / "fit.json"
    words = ["fit", "--only", "blobs", "--peers", "plain,skorch", "--quick", "--seconds", "0.2"]
    monkeypatch.setattr("sys.argv", [*words, "--json", str(file)])
    monkeypatch.setenv("GRADWISE_BENCH_DATA", str(data.CACHE))  # for the processes of the cells
    monkeypatch.setattr(peer("skorch"), "NEEDS", ("a_package_of_no_name",))
    assert command.main() == 1  # nothing was promised of these two
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert lines[0].startswith("| loop | samples/s | x plain |")
    assert [line.split(" | ")[2] for line in lines[1:2]] == ["1.00"]
    kept = json.loads(file.read_text())
    assert [one["peer"] for one in kept["cells"]] == ["plain", "skorch"]
    assert kept["cells"][0]["results"][0]["samples_per_second"] > 0
    assert kept["cells"][1]["note"] == "not installed (a_package_of_no_name)"
    assert kept["machine"]["torch"] == torch.__version__


def test_data_that_is_not_here_is_one_sentence_that_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["fit", "--only", "cnn", "--peers", "plain"])
    monkeypatch.setattr(data, "INSTALLED_FASHION", fetch.DOWNLOADS / "nowhere")
    assert command.main() == 2
    said = capsys.readouterr().err
    assert "'fashion' is not here" in said and "python -m benchmarks.fit.fetch fashion" in said
    assert "Traceback" not in said


def test_every_peer_declares_itself():
    for name in MODULES:
        module = peer(name)
        assert module.TITLE and callable(module.train) and set(module.ONLY) <= set(WORKLOADS)
    assert missing(peer("plain")) == []
