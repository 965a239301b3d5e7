"""Recurrent nets fitted from data files: forecasts of a chaotic series, and what a fit cannot ask of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import gradwise
from gradwise.errors import UsageError

STEPS, WINDOW, AHEAD = 900, 20, 3  # samples of the series; read by one forecast; foretold by it
QUICK = {
    "rate": 0.01, "threads": 1, "precision": "float32", "fused": "yes", "compile": "no", "layout": "contiguous",
}  # fmt: skip


def mackey_glass(steps: int) -> np.ndarray:
    """x' = 0.2 x(t − 17) / (1 + x(t − 17)¹⁰) − 0.1 x (Mackey, Glass, Science, 1977), every sixth unit of time."""
    per, delay = 10, 170  # Euler steps per unit; 17 units
    x = np.full(steps * 6 * per + delay + 1, 1.2)
    for at in range(delay, len(x) - 1):
        late = x[at - delay]
        x[at + 1] = x[at] + (0.2 * late / (1 + late**10) - 0.1 * x[at]) / per
    return x[delay + 1 :: 6 * per]


@pytest.fixture(scope="module")
def windows() -> tuple[np.ndarray, np.ndarray]:
    """(N, 20) and the (N, 3) that follow, after the first 100 samples, in which the series settles."""
    series = mackey_glass(STEPS)[100:]
    held = np.lib.stride_tricks.sliding_window_view(series, WINDOW + AHEAD)
    return held[:, :WINDOW], held[:, WINDOW:]


@pytest.mark.parametrize("net", ["lstm", "gru:bidirectional=true,units=16", "rnn"])
def test_a_table_of_windows_is_forecast_on_later_rows(net: str, windows: tuple, tmp_path: Path) -> None:
    past, future = windows
    table = {"past": past.tolist(), "when": range(len(past))}
    table |= {f"next{step}": future[:, step] for step in range(AHEAD)}
    file = tmp_path / "windows.parquet"
    pl.DataFrame(table).write_parquet(file)
    targets = [f"next{step}" for step in range(AHEAD)]
    fitted = gradwise.fit(
        file, targets, time="when", net=net, test=0.2, out=tmp_path / "run", epochs=15, **QUICK
    )
    assert {choice["value"] for choice in fitted.record.choices if choice["name"] == "split"} == {"by time"}
    later = slice(len(past) - fitted.record.split["test"], None)
    truth = future[later]
    told = fitted.network.predict(file)[later]
    still = np.repeat(past[later, -1:], AHEAD, axis=1)  # tomorrow as today
    errors = [np.sqrt(((guess - truth) ** 2).mean()) for guess in (told, still)]
    assert errors[0] < errors[1] / 3
    assert fitted.record.verdict["test"]["rmse"] == pytest.approx(errors[0], rel=1e-3)
    assert [found["rule"] for found in fitted.record.verdict["findings"] if found["group"] == "broken"] == []


def test_windows_of_several_features_come_from_arrays(windows: tuple, tmp_path: Path) -> None:
    past, future = windows
    series = np.stack([past, np.gradient(past, axis=1)], axis=2).astype(np.float32)
    file = tmp_path / "windows.npz"
    np.savez(file, series=series[:600], y=future[:600])
    fitted = gradwise.fit(file, net="lstm", out=tmp_path / "run", epochs=8, doctor=False, **QUICK)
    assert fitted.record.shape == {"features": 2, "length": WINDOW}
    later = tmp_path / "later.npz"
    np.savez(later, series=series[600:], y=future[600:])
    assert fitted.network.evaluate(later).metrics["r2"] > 0.8


@pytest.mark.parametrize(
    ("net", "said"),
    [
        ("lstm:each_step=true", "answers at every step, but in a data file a sequence has one target"),
        ("lstm:bidirectional=maybe", "bidirectional takes true or false, not 'maybe'"),
        ("gru:forget_bias=2", "net 'gru' has no option forget_bias"),
        ("lstm:depth=0", "takes depth, its stacked layers, from 1 on, not 0"),
        ("perceptron", "--net perceptron takes table or images, not series"),
    ],
)
def test_what_a_fit_cannot_ask_of_a_net(net: str, said: str, windows: tuple, tmp_path: Path) -> None:
    file = tmp_path / "windows.npz"
    np.savez(file, series=windows[0][:80, :, None], y=windows[1][:80, 0])
    with pytest.raises(UsageError) as refused:
        gradwise.fit(file, net=net, out=tmp_path / "run", epochs=1, **QUICK)
    assert said in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_options_of_a_net_are_kept_and_found_again(windows: tuple, tmp_path: Path) -> None:
    file = tmp_path / "windows.npz"
    np.savez(file, series=windows[0][:80, :, None], y=windows[1][:80, 0])
    net = "lstm:bidirectional=true,depth=2,units=8,forget_bias=2"
    fitted = gradwise.fit(file, net=net, out=tmp_path / "run", epochs=2, doctor=False, **QUICK)
    held = gradwise.load(tmp_path / "run").model
    assert len(held.forwards) == len(held.backwards) == 2 and held.head.in_features == 16
    assert np.array_equal(gradwise.load(tmp_path / "run").predict(file), fitted.network.predict(file))
