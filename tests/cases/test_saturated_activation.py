"""Cases of saturated-activation: hidden units at their ends, in a poor run."""

from __future__ import annotations

from gradwise.rules.saturated_activation import EARLY_LIMIT, SHARE_LIMIT, check
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import Values, before_and_after, build, learning, noisy


def run(share: Values, *, end: float = 2.3, activation: str = "sigmoid", out: float = 0.0) -> Trace:
    """A hidden layer with that share of outputs at the ends; trivial loss 2.3."""
    modules = [
        ModuleInfo("fc1", "Linear", activation=activation, order=0),
        ModuleInfo("fc2", "Linear", activation="sigmoid", order=1),
    ]
    parameters = [
        ParameterInfo(f"fc{i + 1}.weight", (64, 64), module=f"fc{i + 1}", order=i) for i in range(2)
    ]
    tables = {"saturated_share": {"fc1": share, "fc2": out}, **learning(end=end)}
    return build(
        loss=tables["criterion"]["cross_entropy"], tables=tables, modules=modules, parameters=parameters
    )


def test_sick_from_the_start() -> None:
    (finding,) = check(run(0.95))
    assert finding.where == ("fc1",) and "from the start" in finding.message


def test_sick_driven_there_by_training() -> None:
    (finding,) = check(run(before_and_after(50, 0.02, 0.99), activation="tanh"))
    assert finding.since_step >= 50


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(SHARE_LIMIT - 0.01)))
    assert list(check(run(SHARE_LIMIT + 0.01)))


def test_healthy_saturated_and_learning() -> None:
    assert not list(check(run(0.95, end=0.5)))


def test_healthy_output_that_is_sure_and_right() -> None:
    assert not list(check(run(0.1, out=1.0)))


def test_healthy_look_alike_hard_and_clipped_activations() -> None:
    assert not list(check(run(0.95, activation="hardsigmoid")))
    assert not list(check(run(0.95, activation="relu6")))


def test_healthy_saturated_for_a_while_only() -> None:
    assert not list(check(run(before_and_after(40, 0.95, 0.1))))


def test_healthy_uneven_shares() -> None:
    assert not list(check(run(noisy(0.4, 0.3))))


def test_sick_function_that_follows_no_layer() -> None:
    for place, found in (("tanh after project", 1), ("sigmoid", 1), ("project", 0)):
        tables = {"saturated_share": {place: 0.97}, **learning(end=2.3)}
        told = list(check(build(loss=tables["criterion"]["cross_entropy"], tables=tables)))
        assert [one.where for one in told] == [(place,)] * found


def chosen(share: Values, *, end: float = 1.4, place: str = "softmax after query") -> Trace:
    """A softmax between layers with that share of rows taken; trivial loss 2.3."""
    tables = {"saturated_share": {place: share}, **learning(end=end)}
    return build(loss=tables["criterion"]["cross_entropy"], tables=tables)


def test_sick_softmax_that_has_chosen_from_the_start() -> None:
    (finding,) = check(chosen(before_and_after(4, 0.1, 0.9)))
    assert finding.where == ("softmax after query",) and "relu" not in finding.cures
    assert "one entry takes 90% of the rows" in finding.message
    assert list(check(chosen(0.9, end=2.3, place="softmax")))


def test_healthy_near_miss_softmax() -> None:
    for early, late, found in ((0.9, -0.01, 0), (0.9, 0.01, 1)):
        assert len(list(check(chosen(before_and_after(100, early, SHARE_LIMIT + late))))) == found
    for off, found in ((-0.01, 0), (0.01, 1)):
        assert len(list(check(chosen(before_and_after(60, EARLY_LIMIT + off, 0.9))))) == found


def test_healthy_softmax_that_learns_to_choose() -> None:
    assert not list(check(chosen(before_and_after(60, 0.0, 0.95))))


def test_healthy_softmax_that_has_chosen_and_learns() -> None:
    assert not list(check(chosen(0.9, end=1.1)))


def test_healthy_softmax_with_no_early_sample() -> None:
    assert not list(check(chosen(before_and_after(60, float("nan"), 0.95))))
