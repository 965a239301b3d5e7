"""What is tried for a diagnosis, in which order, and what is drawn by lot."""

from dataclasses import replace
from itertools import islice

import pytest

from gradwise.errors import UsageError
from gradwise.heal.candidates import Candidate, chosen_grades, propose, random_treatments
from gradwise.heal.deepening import stronger
from gradwise.heal.treatment import Cure, Treatment, parse_treatment
from gradwise.heal.writing import render_treatment
from gradwise.remedies.collection import all_remedies
from gradwise.trace.findings import Finding

ALL = ("safe", "changes-training", "changes-model", "changes-data")


def finding(rule, *cures, group="sick", where=(), symptoms=()):
    return Finding(rule, "X01", group, where, 0, 1.0, 0.5, "", "m", "w", cures, symptoms=symptoms)


def names(proposed):
    return [candidate.name for candidate in proposed.candidates]


def test_cures_in_order_each_with_its_ladder():
    found = names(propose([finding("lr-too-high", "lower-lr", "clip-gradient")], ALL))
    ladder = [f"lower-lr factor={dose:g}" for dose in all_remedies()["lower-lr"].declaration.doses[0].ladder]
    assert [one for one in found if one.startswith("lower-lr")] == ladder
    assert found[0] == ladder[0]
    assert found.index("clip-gradient limit=1") < found.index(ladder[-1])


@pytest.mark.parametrize(
    ("value", "unit", "factors"),
    [
        (2e-7, "update over weight", ["5000", "15000", "1500", "50000"]),
        (5e-4, "update over weight", ["10", "30", "3", "100"]),
        (1e-12, "update over weight", ["1e+06"]),
        (2e-7, "steps", ["10", "30", "3", "100"]),
        (float("nan"), "update over weight", ["10", "30", "3", "100"]),
    ],
)
def test_a_rate_is_raised_by_what_its_steps_are_short_of(value, unit, factors):
    slow = replace(finding("lr-too-low", "raise-lr"), value=value, unit=unit)
    assert names(propose([slow], ALL)) == [f"raise-lr factor={factor}" for factor in factors]


def test_causes_before_symptoms_and_each_treatment_once():
    symptom = finding("b", "raise-lr", "lower-lr")
    found = names(propose([finding("a", "zero-grad", symptoms=(symptom,)), finding("c", "zero-grad")], ALL))
    assert found[0] == "zero-grad"
    assert "raise-lr factor=10" in found
    assert len(set(found)) == len(found)


def test_of_what_cannot_be_meant_no_symptom_is_treated():
    symptom = finding("b", "raise-lr")
    proposed = propose([finding("a", "drop-or-impute", group="broken", symptoms=(symptom,))], ("safe",))
    assert proposed.candidates == []
    assert "not allowed" in proposed.left["drop-or-impute"]


def test_grades_limit_and_what_is_left_is_told():
    proposed = propose([finding("a", "leaky-relu", "clean-labels", "lower-lr")], ("changes-training",))
    assert {name.split()[0] for name in names(proposed)} == {"lower-lr"}
    assert "not allowed" in proposed.left["leaky-relu"]
    assert proposed.left["clean-labels"] == all_remedies()["clean-labels"].declaration.unable


def test_cures_for_speed_and_habits_are_not_tried():
    assert (
        names(propose([finding("a", "lower-lr", group="slow"), finding("b", "lower-lr", group="habit")], ALL))
        == []
    )


def test_modules_are_exchanged_where_it_was_found_and_weights_drawn_everywhere():
    proposed = propose([finding("dead-relu", "leaky-relu", "he-init", where=("features.3",))], ALL)
    places = {one.cures[0].name: one.cures[0].where for one in proposed.candidates}
    assert places == {"leaky-relu": ("features.3",), "he-init": ()}


@pytest.mark.parametrize("place", ["fc1.weight", "lstm.weight_hh_l0", "0.bias"])
def test_findings_about_parameters_name_no_modules(place):
    (only,) = propose([finding("a", "relu", where=(place,))], ALL).candidates
    assert only.cures[0].where == ()


def test_whatever_is_proposed_can_be_read_back():
    every = [name for name, cure in all_remedies().items() if cure.treat is not None]
    for candidate in propose([finding("a", *every, where=("fc1",))], ALL).candidates:
        text = render_treatment(Treatment(candidate.cures))
        assert parse_treatment(text).cures[0].full_dose() == candidate.cures[0].full_dose()


def test_what_stands_for_other_cures_is_tried_as_these():
    proposed = propose([finding("a", "change-optimizer")], ALL)
    assert list(dict.fromkeys(one.cures[0].name for one in proposed.candidates)) == ["adam", "sgd-momentum"]
    assert proposed.left == {}
    for remedy in all_remedies().values():
        for name in remedy.declaration.stands_for:
            assert all_remedies()[name].treat is not None


def test_the_grade_of_two_is_the_farther():
    assert Candidate((Cure("leaky-relu"), Cure("lower-lr")), "a").grade == "changes-model"


def test_the_lot_draws_the_same_each_time_and_never_the_treatment_itself():
    besides = (Cure("lower-lr", {"factor": 0.1}),)

    def drawn(seed):
        return list(islice(random_treatments("changes-training", 1, besides, seed), 60))

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert len({cures[0].name for cures in drawn(1)}) > 5
    assert not [
        cures for cures in drawn(1) if (cures[0].name, dict(cures[0].dose)) == ("lower-lr", {"factor": 0.1})
    ]
    assert all(cure.remedy.declaration.grade == "changes-training" for cures in drawn(1) for cure in cures)


def test_where_the_lot_has_nothing_it_is_empty():
    assert list(islice(random_treatments("changes-data", 1, (), 1), 3)) == [] or any(
        one.treat and one.declaration.grade == "changes-data" for one in all_remedies().values()
    )


def test_grades_are_checked():
    assert chosen_grades("changes-model,safe") == ("safe", "changes-model")
    assert "changes-data" not in chosen_grades(None)
    with pytest.raises(UsageError, match="did you mean"):
        chosen_grades("save")


@pytest.mark.parametrize(
    ("ratio", "doses"),
    [(300.0, ["600", "6000", "60000"]), (12.0, ["20", "200", "2000"]), (4.0, ["10", "100", "1000"])],
)
def test_a_limit_of_clipping_is_raised_to_what_the_norms_were(ratio, doses):
    found = replace(finding("always-clipped", "raise-clip"), value=ratio, unit="norm over limit")
    given = [one.cures[0].dose["times"] for one in propose([found], ALL).candidates]
    assert [f"{each:g}" for each in given] == doses
    more = stronger(Candidate((Cure("raise-clip", {"times": given[0]}),), "always-clipped"))
    assert more.cures[0].dose["times"] == pytest.approx(10 * given[0])


def test_a_formula_that_breaks_is_kept_off_its_edge():
    proposed = propose([finding("nan-gradient", "stable-loss")], ALL)
    assert [one.cures[0].name for one in proposed.candidates] == ["guard-edges", "guard-edges"]
