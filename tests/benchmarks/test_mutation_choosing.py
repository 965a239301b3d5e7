"""Which mutants there are, and which are tried: of what, in which order, and how many."""

from __future__ import annotations

import pytest

from benchmarks.detection.corpus import Pair
from benchmarks.detection.mutation import choosing
from benchmarks.detection.mutation.measuring import ADMITTED, NO_WORSE, Known, Mutant, Tried
from benchmarks.detection.mutation.operators import OPERATORS


def mutants(*only, **more):
    return choosing.due(choosing.columns(only, **more), {})


def mutant(operator, script):
    known = Known(script, r"acc ([\d.]+)", "max", 0.5, (0.9, 1.0))
    return Mutant(known, next(o for o in OPERATORS if o.name == operator), "pass\n")


def test_operators_take_turns_and_only_chooses():
    first = mutants("cnn_digits", "missing_targets", "noisy_regression", "sgd_momentum")[: len(OPERATORS)]
    assert [m.operator.name for m in first] == [operator.name for operator in OPERATORS]
    assert {m.operator.name for m in mutants("no-step")} == {"no-step"}
    assert {m.known.name for m in mutants("kfold_w", "iris")} == {"kfold_wine", "iris_adam_1e2"}
    assert [m.name for m in mutants("iris", "no-step")] == ["iris_adam_1e2--no-step"]
    assert mutants("no such thing") == []


def test_fixed_twins_are_taken_on_request_and_have_a_way_to_lose():
    twins = choosing.load_twins()
    assert len(twins) >= 250 and not {t.name for t in twins} & {k.name for k in choosing.load_known()}
    for twin in twins:
        assert "scored" not in twin.path.parts and twin.path.parent.name == "fixed"
        assert twin.lost(twin.trivial) == pytest.approx(1.0) and twin.lost(twin.values[0]) <= 0, twin.name
    name = next(twin.name for twin in twins if "optimizer.step()" in twin.path.read_text())
    assert mutants(name, "no-step") == []
    assert [m.known.name for m in mutants(name, "no-step", twins=True)][:1] == [name]


@pytest.mark.parametrize(("better", "values", "can"), [
    ("max", (0.9, 0.8), True), ("max", (0.9, 0.1), False), ("max", (-0.5, -0.4), False),
    ("min", (0.9, 0.1), True), ("min", (0.0, 0.0), False),
])  # fmt: skip
def test_a_twin_that_can_be_as_bad_as_trivial_is_left_out(better, values, can, tmp_path):
    pair = Pair("net", "dead-relu", "", better, (), values, manifest=tmp_path / "round.toml")
    assert choosing._twin(pair).can_lose is can


def test_another_salt_gives_another_order_and_the_same_one_the_same():
    plain_order, salted = mutants("no-step"), mutants("no-step", salt="b")
    assert [m.name for m in salted] == [m.name for m in mutants("no-step", salt="b")]
    assert [m.name for m in salted] != [m.name for m in plain_order]
    assert {m.name for m in salted} == {m.name for m in plain_order}


def test_each_operator_is_tried_until_enough_are_admitted():
    every = [[mutant(name, f"net{i}") for i in range(9)] for name in ("no-step", "small-init")]
    done, rounds = {}, []
    while batch := choosing.due(every, done, wanted=2):
        rounds.append([m.name for m in batch])
        for one in batch:
            good = one.operator.name == "no-step" and one.known.name != "net1"
            done[one.key] = Tried(one, ADMITTED if good else NO_WORSE)
    assert rounds[0] == ["net0--no-step", "net0--small-init", "net1--no-step", "net1--small-init"]
    assert rounds[1] == ["net2--no-step", "net2--small-init", "net3--small-init"]
    assert rounds[2:] == [["net4--small-init", "net5--small-init"]], "three tries for each that is wanted"


def test_a_limit_holds_over_all_operators():
    every = [[mutant(name, f"net{i}") for i in range(9)] for name in ("no-step", "small-init")]
    first = choosing.due(every, {}, limit=5)
    assert len(first) == 5
    done = {one.key: Tried(one, NO_WORSE) for one in first}
    assert choosing.due(every, done, limit=5) == []
    assert len(choosing.due(every, done, limit=6, wanted=8)) == 1
