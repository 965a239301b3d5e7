"""Choices of pace, with ways whose speed is known because they move the clock themselves."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradwise.train import race as race_module
from gradwise.train import speed as speed_module
from gradwise.train.config import FitConfig
from gradwise.train.race import Race, run_race
from gradwise.train.speed import Speed, bf16_in_hardware, choose_speed
from gradwise.train.training import Training

STEPS = 2_400  # of a training of half a minute and more: 2 % of it is enough for every race


class Clock:
    """Stands still unless it is moved, so that a busy machine changes no verdict."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


class Sleepy(nn.Module):
    """A convolution that takes as long as it is told, and is wrong by as much."""

    def __init__(self, seconds: float, error: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3)
        self.seconds, self.error = seconds, error

    def forward(self, pixels: Tensor) -> Tensor:
        CLOCK.now += self.seconds
        return self.conv(pixels.float()).mean(dim=(1, 2, 3)).unsqueeze(1) * 0 + 1 + self.error


class Log:
    """Makes rehearsals and remembers for which settings."""

    def __init__(self, cost, error=lambda speed: 0.0) -> None:
        self.cost, self.error = cost, error
        self.seen: list[Speed] = []

    def __call__(self, speed: Speed) -> Training:
        self.seen.append(speed)
        model = Sleepy(5 * self.cost(speed), self.error(speed))
        return Training(model, torch.optim.SGD(model.parameters(), lr=0.0, fused=speed.fused), nn.MSELoss())


BATCHES = [((torch.zeros(32, 1, 4, 4, dtype=torch.uint8),), torch.zeros(32, 1))]


@pytest.fixture(autouse=True)
def _one_machine_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed_module, "bf16_in_hardware", lambda device: True)
    monkeypatch.setattr(speed_module, "perf_counter", CLOCK)
    monkeypatch.setattr(race_module, "perf_counter", CLOCK)


def told(speed: Speed) -> dict[str, str]:
    return {choice.name: choice.value for choice in speed.choices}


def test_the_faster_layout_and_precision_win() -> None:
    both = Log(lambda s: 0.004 - 0.001 * s.channels_last - 0.0015 * (s.precision == "bf16"))
    chosen = choose_speed(both, BATCHES, FitConfig(), steps=STEPS)
    assert chosen.channels_last and chosen.precision == "bf16" and chosen.autocast is torch.bfloat16
    assert told(chosen)["layout"] == "channels-last" and told(chosen)["precision"] == "bf16"
    reason = next(choice.reason for choice in chosen.choices if choice.name == "layout")
    assert "channels-last bf16" in reason and "x of contiguous float32" in reason


def test_the_slower_ones_do_not() -> None:
    chosen = choose_speed(
        Log(lambda s: 0.002 + 0.001 * s.channels_last + 0.001 * (s.precision == "bf16")),
        BATCHES,
        FitConfig(),
        steps=STEPS,
    )
    assert not chosen.channels_last and chosen.precision == "float32" and not chosen.compile
    assert told(chosen)["layout"] == "contiguous"


def test_half_precision_that_learns_something_else_is_refused() -> None:
    wrong = Log(lambda s: 0.004 - 0.002 * (s.precision == "bf16"), lambda s: 0.1 * (s.precision == "bf16"))
    chosen = choose_speed(wrong, BATCHES, FitConfig(layout="contiguous"), steps=STEPS)
    assert chosen.precision == "float32"
    assert any("loss 1.21 with contiguous bf16, 1 without" in choice.reason for choice in chosen.choices)
    nearly = Log(lambda s: 0.004 - 0.002 * (s.precision == "bf16"), lambda s: 0.02 * (s.precision == "bf16"))
    assert choose_speed(nearly, BATCHES, FitConfig(layout="contiguous"), steps=STEPS).precision == "bf16"


def test_the_users_settings_are_not_raced() -> None:
    log = Log(lambda s: 0.002)
    config = FitConfig(layout="channels-last", precision="bf16", threads=1, compile="no")
    chosen = choose_speed(log, BATCHES, config, steps=STEPS)
    assert chosen == Speed(channels_last=True, precision="bf16", threads=1)
    assert {(s.channels_last, s.precision) for s in log.seen} == {(True, "bf16")}


def test_what_times_decided_is_named_and_all_of_it_can_be_given() -> None:
    log = Log(lambda s: 0.002)
    assert "fused" in choose_speed(log, BATCHES, FitConfig(), steps=STEPS, fusible=True).timed
    log.seen.clear()
    config = FitConfig(layout="contiguous", precision="float32", threads=1, fused="no")
    chosen = choose_speed(log, BATCHES, config, steps=STEPS, fusible=True)
    assert chosen == Speed(fused=False, threads=1)
    assert {s.fused for s in log.seen} == {False}


def test_a_short_training_is_not_delayed() -> None:
    log = Log(lambda s: 0.002 - 0.001 * s.channels_last)
    started = CLOCK.now
    chosen = choose_speed(log, BATCHES, FitConfig(), steps=20, fusible=True)
    assert CLOCK.now - started <= 12.01 * 0.01  # four steps each of 2, 8 and 32 rows
    assert not chosen.channels_last and chosen.fused
    assert any("not tried: that would take more than" in choice.reason for choice in chosen.choices)


def test_the_fused_optimizer_is_taken_unless_slower() -> None:
    even = choose_speed(Log(lambda s: 0.002), BATCHES, FitConfig(), steps=STEPS, fusible=True)
    assert even.fused is True and told(even)["fused"] == "yes"
    slower = Log(lambda s: 0.002 + 0.001 * bool(s.fused))
    assert choose_speed(slower, BATCHES, FitConfig(), steps=STEPS, fusible=True).fused is False
    assert choose_speed(Log(lambda s: 0.002), BATCHES, FitConfig(), steps=STEPS).fused is None


def test_one_thread_wins_where_it_is_faster_and_torch_is_left_as_it_was() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        one = Log(lambda s: 0.003 - 0.0015 * (s.threads == 1))
        chosen = choose_speed(one, BATCHES, FitConfig(), steps=STEPS)
        assert chosen.threads == 1 and told(chosen)["threads"] == "1"
        assert torch.get_num_threads() == 2
        two = Log(lambda s: 0.002 + 0.001 * (s.threads == 1))
        assert choose_speed(two, BATCHES, FitConfig(), steps=STEPS).threads == 2
        chosen.use_threads()
        assert torch.get_num_threads() == 1
        torch.set_num_threads(2)
        tiny = choose_speed(Log(lambda s: 0.0001), BATCHES, FitConfig(), steps=10)  # no time for a race
        assert tiny.threads == 1 and "too little to share among 2" in str(tiny.choices)
        long = choose_speed(Log(lambda s: 0.004), BATCHES, FitConfig(), steps=10)
        assert long.threads is None
    finally:
        torch.set_num_threads(before)


def test_random_states_are_put_back() -> None:
    torch.manual_seed(5)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    choose_speed(Log(lambda s: 0.002), BATCHES, FitConfig(), steps=STEPS)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1:] == (random.getstate(), np.random.get_state()[1].tolist())


def test_of_long_steps_a_part_of_the_batch_is_raced() -> None:
    rows: list[int] = []

    class Wide(Sleepy):
        def forward(self, pixels: Tensor) -> Tensor:
            rows.append(len(pixels))
            self.seconds = 0.02 * len(pixels)  # 0.64 s for a batch of 32
            return super().forward(pixels)

    def rehearsal(speed: Speed) -> Training:
        model = Wide(0.0, 0.0)
        return Training(model, torch.optim.SGD(model.parameters(), lr=0.0), nn.MSELoss())

    config = FitConfig(layout="contiguous", compile="no")
    started = CLOCK.now
    chosen = choose_speed(rehearsal, BATCHES, config, steps=400)
    assert CLOCK.now - started < 0.02 * 400 * 0.64 + 4 * (0.04 + 0.16)  # 2 % and the first steps
    assert max(rows) < 32
    assert any("on 8 of 32 rows" in choice.reason for choice in chosen.choices)


def test_compiling_is_not_tried_on_short_trainings() -> None:
    log = Log(lambda s: 0.002)
    chosen = choose_speed(log, BATCHES, FitConfig(), steps=STEPS)
    assert not chosen.compile and not any(s.compile for s in log.seen)
    assert choose_speed(log, BATCHES, FitConfig(compile="yes"), steps=STEPS).compile


def test_compiling_that_fails_or_does_not_pay_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed_module, "LONG_RUN", 1.0)

    def no_compiler(speed: Speed) -> float:
        if speed.compile:
            raise RuntimeError("no compiler")
        return 0.002

    failed = choose_speed(Log(no_compiler), BATCHES, FitConfig(), steps=STEPS)
    assert not failed.compile and "RuntimeError" in failed.choices[-1].reason
    monkeypatch.setattr(speed_module, "BUDGET_LIMIT", 0.5)
    pays = choose_speed(Log(lambda s: 0.004 - 0.002 * s.compile), BATCHES, FitConfig(), steps=STEPS)
    assert pays.compile and told(pays)["compile"] == "yes"
    even = choose_speed(Log(lambda s: 0.002), BATCHES, FitConfig(), steps=STEPS)
    assert not even.compile and told(even)["compile"] == "no"


def test_a_race_is_judged_by_turns_not_by_totals() -> None:
    hitch = Race({"a": (1.0, 1.0, 9.0, 1.0), "b": (0.8, 0.8, 0.8, 9.0)}, {})
    assert hitch.gain("b", "a") == pytest.approx(1.25) and hitch.beats("b", "a")
    noise = Race({"a": (1.0, 1.0, 1.0, 1.0), "b": (0.5, 0.9, 1.1, 1.2)}, {})
    assert not noise.beats("b", "a") and not noise.beats("a", "b")


def test_a_race_keeps_to_its_time_and_gives_all_the_same_seeds() -> None:
    drawn: dict[str, list[float]] = {"a": [], "b": []}

    def contestant(name: str):
        def step() -> Tensor:
            CLOCK.now += 0.001
            drawn[name].append(torch.rand(()).item())
            return torch.tensor(1.0)

        return step

    started = CLOCK.now
    race = run_race({name: contestant(name) for name in drawn}, seconds=0.2, step_seconds=0.001)
    assert 0.1 < CLOCK.now - started <= 0.2
    assert race is not None and drawn["a"] == drawn["b"] and len(set(drawn["a"])) >= 3
    assert run_race({"a": contestant("a"), "b": contestant("b")}, seconds=0.005, step_seconds=0.001) is None


def test_bf16_is_known_for_this_processor() -> None:
    assert isinstance(bf16_in_hardware(torch.device("cpu")), bool)
    assert bf16_in_hardware(torch.device("meta")) is False


def test_on_a_part_of_the_batch_a_tie_goes_to_channels_last() -> None:
    def cost(speed: Speed) -> float:  # of 32 rows; long, so that fewer are raced
        return 0.06 * (0.5 if speed.precision == "bf16" else 1.0) * (1.04 if speed.channels_last else 1.0)

    slow = Log(cost)
    chosen = choose_speed(slow, BATCHES, FitConfig(threads=1), steps=100_000)
    assert chosen.precision == "bf16" and chosen.channels_last
    assert "rows" in str(chosen.choices)
