"""What is tried next, by what the run with the likeliest cure still shows."""

from gradwise.heal.candidates import ALLOWED, Candidate
from gradwise.heal.deepening import deeper, further, joined, stronger
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import Ran
from gradwise.heal.trying import Tried, untouched
from gradwise.trace.findings import Finding

RAN = Ran("k", "n", (), 0, None, "finished", "", 0, 200, 2.0, 1.0)
RATE = [Candidate((Cure("lower-lr", {"factor": f}),), "lr-too-high", at) for at, f in enumerate((0.1, 0.03))]
ADAM = Candidate((Cure("adam"),), "lr-too-high", 0.5)
WARM = Candidate((Cure("warm-up"),), "lr-too-high", 1.5)
ZERO = Candidate((Cure("zero-grad"),), "missing-zero-grad", 0.0)


def finding(rule, *cures):
    return Finding(rule, "X01", "sick", (), 0, 1.0, 0.5, "", "m", "w", cures)


def names(candidates):
    return [one.name for one in candidates]


def test_what_the_first_cause_hid_is_cured_with_it():
    tried = Tried(ZERO, RAN, findings=(finding("symmetric-init", "he-init", "zero-grad"),))
    more = further(tried, [ADAM], ALLOWED, better=True)
    assert names(more[:1]) == ["zero-grad + he-init scale=1"]
    assert more[0].cause == "missing-zero-grad + symmetric-init"
    assert more[-1] is ADAM
    assert all(len({cure.name for cure in one.cures}) == len(one.cures) for one in more)


def test_each_cure_on_top_has_its_usual_dose_first():
    tried = Tried(ZERO, RAN, findings=(finding("lr-too-high", "lower-lr", "warm-up"),))
    more = further(tried, [], ALLOWED, better=False)
    assert [one.cures[1].name for one in more] == ["lower-lr", "warm-up", "lower-lr"]


def test_while_the_cause_stands_and_the_cure_helps_its_doses_come_first():
    tried = Tried(RATE[0], RAN, findings=(finding("lr-too-high", "lower-lr"),))
    assert further(tried, [ADAM, RATE[1]], ALLOWED, better=True) == [RATE[1], ADAM]


def test_a_cure_that_takes_its_cause_away_and_does_not_help_gives_way_to_others():
    assert further(Tried(RATE[0], RAN), [RATE[1], WARM], ALLOWED, better=False) == [WARM, RATE[1]]


def test_while_the_cause_stands_the_dose_may_have_been_too_small():
    tried = Tried(RATE[0], RAN, findings=(finding("lr-too-high", "lower-lr"),))
    assert further(tried, [WARM, RATE[1]], ALLOWED, better=False) == [RATE[1], WARM]


def test_a_cause_that_is_a_symptom_of_another_by_now_is_treated_with_it():
    slow = finding("lr-too-low", "raise-lr")
    raised = Candidate((Cure("raise-lr", {"factor": 10.0}),), "lr-too-low")
    tried = Tried(raised, RAN, findings=(finding("vanishing-gradient", "relu").with_symptoms((slow,)),))
    more = further(tried, [ADAM], ALLOWED, better=False)
    assert names(more) == ["raise-lr factor=10 + relu", "adam"]


def test_on_top_of_the_best_comes_what_stands_beside_its_own_cause():
    stands = (finding("lr-too-high", "lower-lr"), finding("vanishing-gradient", "relu", "he-init", "adam"))
    more = deeper(Tried(ADAM, RAN, findings=stands), ALLOWED)
    assert names(more) == ["adam + relu", "adam + he-init scale=1", "adam + he-init scale=0.5"]
    assert deeper(Tried(ADAM, RAN, findings=stands[:1]), ALLOWED) == []


def test_one_cure_of_each_cause_that_was_named_and_nothing_is_done_about():
    named = (
        finding("missing-zero-grad", "zero-grad"),
        finding("lr-too-high", "lower-lr", "adam").with_symptoms((finding("dead-relu", "leaky-relu"),)),
        finding("excessive-dropout", "lower-dropout"),
        finding("loses-to-baseline", "standardize-input"),
    )
    (both,) = joined(ZERO, named, ALLOWED)
    assert both.name == "zero-grad + lower-lr factor=0.1 + lower-dropout share=0.2"
    assert both.cause == "missing-zero-grad + lr-too-high + excessive-dropout"
    assert joined(both, named, ALLOWED) == []
    assert joined(ZERO, named, ("safe",)) == []


def test_no_treatment_holds_a_cure_and_its_opposite():
    named = (finding("lr-too-low", "raise-lr", "adam"), finding("excessive-dropout", "lower-dropout"))
    assert names(joined(RATE[0], named, ALLOWED)) == ["lower-lr factor=0.1 + lower-dropout share=0.2"]


def test_all_that_was_named_comes_first_where_the_likeliest_is_no_better():
    named = (finding("missing-zero-grad", "zero-grad"), finding("dead-relu", "leaky-relu"))
    more = further(Tried(ZERO, RAN), [ADAM], ALLOWED, better=False, named=named)
    assert names(more) == ["zero-grad + leaky-relu slope=0.01", "adam"]


def test_what_stands_comes_before_all_that_was_named_and_each_once():
    shown = (finding("dead-relu", "leaky-relu"),)
    named = (*shown, finding("excessive-dropout", "lower-dropout"))
    more = further(Tried(ZERO, RAN, findings=shown), [], ALLOWED, better=True, named=named)
    assert names(more)[:2] == [
        "zero-grad + leaky-relu slope=0.01",
        "zero-grad + leaky-relu slope=0.01 + lower-dropout share=0.2",
    ]
    again = further(Tried(ZERO, RAN, findings=shown), [], ALLOWED, better=True, named=shown)
    assert names(again).count("zero-grad + leaky-relu slope=0.01") == 1


def test_more_of_a_cure_of_which_too_little_does_not_show():
    raised = Candidate((Cure("zero-grad"), Cure("raise-lr", {"factor": 10.0})), "a + b", 1.5)
    assert stronger(raised).name == "zero-grad + raise-lr factor=100"
    assert stronger(raised, 0.5).name == "zero-grad + raise-lr factor=30"
    assert stronger(Candidate((Cure("raise-lr", {"factor": 1e6}),), "a")) is None
    assert stronger(RATE[0]) is None


def test_while_too_little_shows_more_of_it_comes_first_and_never_less():
    slow = finding("lr-too-low", "raise-lr", "adam")
    ladder = [
        Candidate((Cure("raise-lr", {"factor": f}),), "lr-too-low", at) for at, f in enumerate((10, 30, 3))
    ]
    more = further(Tried(ladder[0], RAN, findings=(slow,)), [*ladder, ADAM], ALLOWED, better=False)
    assert names(more) == ["raise-lr factor=100", "adam", "raise-lr factor=30"]
    gone = further(Tried(ladder[0], RAN), [*ladder, ADAM], ALLOWED, better=False)
    assert names(gone) == ["adam", "raise-lr factor=30", "raise-lr factor=3"]


def test_wiring_stands_until_something_is_done_about_it():
    modes, dropped = (
        finding("train-mode-while-evaluating", "set-eval-mode"),
        finding("dead-relu", "leaky-relu"),
    )
    assert untouched((modes, dropped), ZERO, ()) == (modes,)
    assert untouched((modes,), ZERO, (modes,)) == ()
    assert untouched((modes,), ZERO, (finding("other").with_symptoms((modes,)),)) == ()
    assert untouched((modes,), Candidate((Cure("set-eval-mode"),), "overfitting"), ()) == ()
    assert untouched((modes,), Candidate((Cure("relu"),), "a + train-mode-while-evaluating"), ()) == ()
