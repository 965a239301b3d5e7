"""Time-boxes hold, by a clock that the tests move."""

from __future__ import annotations

import pytest

from gradwise.errors import UnknownNameError
from gradwise.probes import examining
from gradwise.probes.collection import all_probes, find_probe
from gradwise.probes.examining import run_probes
from gradwise.probes.probe import Abstain, Answer, LoadedProbe, Probe
from gradwise.probes.stopwatch import ASKED_SECONDS, FEW_SECONDS, Stopwatch, allowance
from gradwise.probes.timing import LEAST, compare
from gradwise.trace.captured import Captured
from tests.probes.recorded import blobs, cross_entropy, mlp, train


class Clock:
    """Goes on by ``tick`` seconds whenever it is read."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick = 100.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


def test_a_stopwatch_counts_down_and_divides_what_is_left():
    clock = Clock()
    watch = Stopwatch(10.0, clock)
    clock.now += 4
    assert (watch.left, watch.over) == (6.0, False)
    part = watch.part(3)
    assert part.left == 2.0
    clock.now += 2
    assert part.over and not watch.over
    clock.now += 5
    assert (watch.left, watch.over) == (0.0, True)


def test_a_tenth_of_the_run_and_at_least_a_few_seconds():
    assert allowance(1.0) == FEW_SECONDS
    assert allowance(1.0, asked=True) == ASKED_SECONDS
    assert allowance(1000.0) == allowance(1000.0, asked=True) == 100.0


def probes(monkeypatch, clock, *seconds):
    """Probes that take so many seconds each, whatever they are given."""
    given = []

    def made(number, taken):
        def run(bench):
            given.append(round(bench.watch.left, 6))
            clock.now += taken
            return Answer(f"took {taken}", "done")

        return LoadedProbe(Probe(f"probe-{number}", "", (), "0.1.0"), run, "", "")

    chosen = {f"probe-{n}": made(n, taken) for n, taken in enumerate(seconds)}
    monkeypatch.setattr(examining, "all_probes", lambda: chosen)
    return given


def test_each_gets_an_even_part_and_what_others_left(monkeypatch):
    clock = Clock()
    given = probes(monkeypatch, clock, 1.0, 1.0, 1.0)
    facts = run_probes(Captured(), seconds=6.0, clock=clock)
    assert given == [2.0, 2.5, 4.0]
    assert [fact.data["seconds"] for fact in facts] == [1.0, 1.0, 1.0]


def test_when_the_time_is_over_the_rest_is_not_begun(monkeypatch):
    clock = Clock()
    probes(monkeypatch, clock, 1.0, 7.0, 1.0)
    facts = run_probes(Captured(), seconds=6.0, clock=clock)
    assert [fact.data["status"] for fact in facts] == ["answered", "answered", "abstained"]
    assert "6 s for probes were over" in facts[-1].data["text"]


def test_an_error_and_an_interruption_are_told_and_contained(monkeypatch):
    def broken(_bench):
        raise ZeroDivisionError("oh")

    def interrupted(_bench):
        raise KeyboardInterrupt

    def unwilling(_bench):
        raise Abstain("there is nothing to try")

    def fine(_bench):
        return Answer("fine", "fine")

    runs = {"a": broken, "b": unwilling, "c": fine, "d": interrupted, "e": fine}
    chosen = {name: LoadedProbe(Probe(name, "", (), "0.1.0"), run, "", "") for name, run in runs.items()}
    monkeypatch.setattr(examining, "all_probes", lambda: chosen)
    facts = run_probes(Captured(), seconds=6.0)
    assert [fact.data["status"] for fact in facts] == [
        "abstained",
        "abstained",
        "answered",
        "abstained",
        "abstained",
    ]
    assert "ZeroDivisionError" in facts[0].data["text"]
    assert facts[1].data["text"] == "there is nothing to try"
    assert facts[4].data["text"] == "it was interrupted"


@pytest.mark.parametrize("name", ["rate", "overfit-one-batch", "hessian", "standardised-input"])
def test_a_probe_ends_soon_after_its_time(name):
    """Every look at this clock takes a second: a probe that asks is over after its first parts."""
    captured = train(mlp(4, 6, 2), blobs(8), cross_entropy, steps=8)
    hurried, patient = Clock(1.0), Clock()
    (fact,) = run_probes(captured, [name], seconds=2.0, clock=hurried)
    assert fact.data["status"] == "answered"
    looks = hurried.now - 100
    assert looks < 400
    (whole,) = run_probes(captured, [name], seconds=2.0, clock=patient)
    assert whole.data["status"] == "answered"
    assert work(fact.data["measured"]) <= work(whole.data["measured"])


def work(measured) -> int:
    """Steps or products, where they are counted."""
    return int(measured.get("products", 0)) or int(measured.get("now", {}).get("steps", 0))


def test_variants_take_turns_and_end_with_the_time():
    clock = Clock()
    calls = []

    def variant(name, seconds):
        def run():
            calls.append(name)
            clock.now += seconds

        return run

    found = compare({"slow": variant("slow", 2.0), "quick": variant("quick", 1.0)}, Stopwatch(0.0, clock))
    assert found == {"slow": 2.0, "quick": 1.0}
    assert calls == ["slow", "quick"] * (LEAST + 1)


def test_names_are_known_and_wrong_ones_get_the_nearest():
    assert find_probe("Overfit_One_Batch").declaration.name == "overfit-one-batch"
    with pytest.raises(UnknownNameError, match="did you mean 'hessian'"):
        find_probe("hesian")
    assert next(iter(all_probes())) == "sample-mixing"
    assert all(probe.page and probe.declaration.needs for probe in all_probes().values())
