"""What goes into the proof: one cure, all that was named together, and how much of it, on made-up runs."""

import pytest

from gradwise.heal import choosing
from gradwise.heal.candidates import propose
from gradwise.heal.choosing import choose
from gradwise.heal.halving import CLEARLY
from gradwise.heal.metric import Metric
from gradwise.heal.outcome import Order
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import Trial
from gradwise.heal.trying import Ground
from gradwise.trace.findings import Finding
from tests.cli.verbs import record
from tests.heal.made import runs_of

LOSS = Metric("printed", lower=True, name="loss", pattern=r"loss ([0-9.]+)")
SCORE = Metric("printed", lower=False, name="score", pattern=r"score ([0-9.]+)")


def finding(rule, *cures):
    return Finding(rule, "X01", "sick", (), 0, 1.0, 0.5, "", "m", "w", cures)


FROZEN = finding("accidentally-frozen", "unfreeze")
DROPPED = finding("excessive-dropout", "lower-dropout")
SLOW = finding("lr-too-low", "raise-lr")


def chosen(tmp_path, answer, named, shows=lambda trial: [], metric=LOSS, **options):
    """What `choose` comes to, and the names of all that was tried."""
    kept = {}

    def of(trial):
        kept[trial.key] = trial
        return answer({cure.name: next(iter(cure.dose.values()), None) for cure in trial.cures})

    runs = runs_of(tmp_path, of, trace=record, **options)
    first = runs.get(Trial(probing=True))
    ground = Ground(first, [metric], runs, lambda place: shows(kept[place.name]), named)
    order = Order()
    found = choose(order, ground, propose(named, order.allow).candidates, 0.0)
    names = [one.candidate.name for one in found.tried]
    return found.best.candidate.name if found.best else None, names


def by(values, nothing=2.0):
    return lambda given: f"loss {values.get(frozenset(given), nothing)}"


BOTH = "unfreeze + lower-dropout share=0.2"


def test_what_else_was_named_is_tried_on_top_of_a_cure_that_was_enough(tmp_path):
    values = {frozenset(["unfreeze"]): 1.0, frozenset(["unfreeze", "lower-dropout"]): 0.5}
    assert chosen(tmp_path, by(values), [FROZEN, DROPPED]) == (BOTH, ["unfreeze", BOTH])


def test_it_is_given_up_for_nothing_that_is_hardly_better(tmp_path):
    near = 2.0 * 0.5 ** (1 + 0.9 * CLEARLY)
    values = {frozenset(["unfreeze"]): 1.0, frozenset(["unfreeze", "lower-dropout"]): near}
    assert chosen(tmp_path, by(values), [FROZEN, DROPPED]) == ("unfreeze", ["unfreeze", BOTH])


def test_one_named_cause_costs_no_further_run(tmp_path):
    assert chosen(tmp_path, by({frozenset(["unfreeze"]): 1.0}), [FROZEN])[1] == ["unfreeze"]


def test_what_only_says_how_it_ends_is_no_cause_to_treat(tmp_path):
    ends = finding("underfitting", "lower-dropout")
    assert chosen(tmp_path, by({frozenset(["unfreeze"]): 1.0}), [FROZEN, ends])[1] == ["unfreeze"]


def test_where_no_single_cure_helps_all_of_them_are_given(tmp_path):
    values = {frozenset(["unfreeze", "lower-dropout"]): 0.5}
    assert chosen(tmp_path, by(values), [FROZEN, DROPPED])[0] == BOTH


def test_where_the_cause_stands_all_that_was_named_comes_before_other_doses(tmp_path):
    values = {frozenset(["lower-dropout"]): 1.0, frozenset(["unfreeze", "lower-dropout"]): 0.5}

    def shows(trial):
        return [] if len(trial.cures) == 2 else [DROPPED]

    both = "lower-dropout share=0.2 + unfreeze"
    found = chosen(tmp_path, by(values), [DROPPED, FROZEN], shows)
    assert found == (both, ["lower-dropout share=0.2", both])


def test_without_what_finds_nothing_to_act_on_the_others_are_tried_again(tmp_path):
    rare = finding("class-imbalance", "class-weights")

    values = {frozenset(["unfreeze"]): 1.0, frozenset(["unfreeze", "lower-dropout"]): 0.5}

    def answer(given):
        return "idle" if "class-weights" in given else by(values)(given)

    best, names = chosen(tmp_path, answer, [FROZEN, rare, DROPPED], idle="class-weights")
    assert best == BOTH
    assert names == ["unfreeze", "unfreeze + class-weights most=50 + lower-dropout share=0.2", BOTH]


def rates(*pairs):
    """Prints a score that a rate so many times as large comes to."""
    known = {None: 0.1, **dict(pairs)}
    return lambda given: f"score {known.get(given.get('raise-lr'), 0.0)}"


@pytest.mark.parametrize(
    ("scores", "best", "tried"),
    [
        ([(10.0, 0.6), (100.0, 0.9)], 100, [10, 100, 1000]),
        ([(10.0, 0.3), (100.0, 0.5), (1000.0, 0.7), (1e4, 0.9), (1e5, 1.0)], 10000, [10, 100, 1000, 10000]),
        ([(10.0, 0.6), (100.0, 0.61)], 10, [10, 100]),
        ([(10.0, 0.6), (30.0, 0.9), (100.0, 0.2)], 10, [10, 100]),
    ],
)
def test_of_a_rate_that_was_too_low_ten_times_more_is_tried(tmp_path, scores, best, tried):
    found = chosen(tmp_path, rates(*scores), [SLOW], metric=SCORE)
    assert found == (f"raise-lr factor={best}", [f"raise-lr factor={one}" for one in tried])


def test_too_much_shows_and_is_not_taken_however_well_it_does(tmp_path):
    fast = finding("lr-too-high", "lower-lr")

    def shows(trial):
        return [fast] if trial.cures[0].dose["factor"] > 50 else []

    found = chosen(tmp_path, rates((10.0, 0.6), (100.0, 0.9)), [SLOW], shows, metric=SCORE)
    assert found == ("raise-lr factor=10", ["raise-lr factor=10", "raise-lr factor=100"])


def test_more_of_it_comes_before_cures_of_what_too_little_of_it_shows(tmp_path):
    short = finding("underfitting", "lower-weight-decay", "adam")

    def shows(trial):
        return [short] if trial.cures[0].dose.get("factor", 0) < 500 else []

    found = chosen(tmp_path, rates((10.0, 0.2), (100.0, 0.4), (1000.0, 0.9)), [SLOW], shows, metric=SCORE)
    tried = [f"raise-lr factor={one}" for one in (10, 100, 1000, 10000)]
    assert found == ("raise-lr factor=1000", tried)


def test_and_half_of_that_where_it_is_too_much_and_the_cause_stands(tmp_path):
    vanishes = finding("vanishing-gradient", "relu")
    scores = {(10.0, True): 0.3, (100.0, True): 0.2, (30.0, True): 0.8}

    def answer(given):
        return f"score {scores.get((given.get('raise-lr'), 'relu' in given), 0.1)}"

    def shows(trial):
        return [SLOW] if len(trial.cures) == 2 else [vanishes]

    best, names = chosen(tmp_path, answer, [SLOW, vanishes], shows, metric=SCORE)
    assert best == "raise-lr factor=30 + relu"
    assert names[-2:] == ["raise-lr factor=100 + relu", best]


def test_nothing_is_added_once_the_search_has_cost_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(choosing, "MOST", 1.0)
    assert chosen(tmp_path, rates((10.0, 0.6), (100.0, 0.9)), [SLOW], metric=SCORE)[1] == [
        "raise-lr factor=10"
    ]


def test_a_run_without_an_ailment_is_given_up_for_one_with_only_if_that_is_clearly_better(tmp_path):
    modes = finding("train-mode-while-evaluating", "set-eval-mode")

    def shows(trial):
        return [] if "set-eval-mode" in [cure.name for cure in trial.cures] else [modes]

    def best(number):
        values = {frozenset(["unfreeze"]): 1.0, frozenset(["unfreeze", "set-eval-mode"]): number}
        (tmp_path / str(number)).mkdir()
        return chosen(tmp_path / str(number), by(values), [FROZEN], shows)[0]

    assert best(1.01) == "unfreeze + set-eval-mode"
    assert best(1.4) == "unfreeze"


# ---- a cure that makes a run longer


SHORT = finding("trained-too-short", "train-longer", "raise-lr")
FOUR = "train-longer times=4"


def untils(monkeypatch):
    """By what was given, the steps at which numbers of its runs were taken."""
    asked, of = [], Metric.of

    def noted(metric, place, until=None, most=None):
        asked.append((place.name, until))
        return of(metric, place, until, most)

    monkeypatch.setattr(Metric, "of", noted)
    return asked


def test_a_longer_run_is_compared_where_it_ends_and_all_others_at_the_scripts_own(tmp_path, monkeypatch):
    asked = untils(monkeypatch)
    values = {frozenset(["train-longer"]): 1.0}
    assert chosen(tmp_path, by(values), [SHORT]) == (FOUR, [FOUR])
    longer = Trial((Cure("train-longer", {"times": 4}, (), "X01 trained-too-short"),)).key
    steps = {until for _, until in asked}
    assert steps == {200, 800}
    assert {until for key, until in asked if key == longer} == {800}
    assert {until for key, until in asked if key == Trial(probing=True).key} == {200}


def test_no_shortened_run_is_held_against_a_longer_one(tmp_path):
    values = {frozenset(["train-longer"]): 1.0, frozenset(["raise-lr"]): 0.9}
    both = f"{FOUR} + raise-lr factor=10"
    assert chosen(tmp_path, by(values), [SHORT], lambda trial: [SHORT]) == (FOUR, [FOUR, both])


def test_where_longer_is_not_enough_the_next_cure_of_its_cause_joins_it(tmp_path):
    values = {frozenset(["train-longer"]): 1.0, frozenset(["train-longer", "raise-lr"]): 0.4}
    both = f"{FOUR} + raise-lr factor=10"
    shows = lambda trial: [SHORT] if len(trial.cures) == 1 else []  # noqa: E731
    best, tried = chosen(tmp_path, by(values), [SHORT], shows)
    assert (best, tried[:2]) == (both, [FOUR, both])


def test_where_it_does_not_help_the_others_are_searched_without_it(tmp_path):
    values = {frozenset(["raise-lr"]): 0.9}
    best, tried = chosen(tmp_path, by(values), [SHORT])
    assert best.startswith("raise-lr")
    assert tried[0] == FOUR
    assert not any("train-longer" in name for name in tried[1:])


def test_what_else_was_named_joins_it_over_all_steps(tmp_path):
    values = {frozenset(["train-longer"]): 1.0, frozenset(["train-longer", "unfreeze"]): 0.4}
    both = f"{FOUR} + unfreeze"
    assert chosen(tmp_path, by(values), [SHORT, FROZEN]) == (both, [FOUR, both])


def test_a_longer_run_may_take_longer(tmp_path):
    runs = runs_of(tmp_path, lambda trial: "loss 1", seconds=30.0)
    runs.single = 2.0
    assert runs.get(Trial((Cure("lower-lr"),))).status == "killed"
    assert runs.get(Trial((Cure("train-longer", {"times": 4}),))).status == "finished"


def test_longer_runs_are_left_where_the_budget_does_not_reach_for_them(tmp_path):
    values = {frozenset(["train-longer"]): 0.5, frozenset(["raise-lr"]): 0.9}
    best, tried = chosen(tmp_path, by(values), [SHORT], budget=7.0)
    assert best.startswith("raise-lr")
    assert FOUR not in tried
