"""Treatment files: what they say, and one sentence for every mistake."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwise.errors import UsageError
from gradwise.heal.treatment import Cure, Treatment, applicable, parse_treatment, read_treatment
from gradwise.heal.writing import render_treatment, write_treatment
from gradwise.remedies.collection import all_remedies, find_remedy


def parsed(*lines):
    return parse_treatment("version = 1\n" + "\n".join(lines), "t.toml").cures


def refused(text):
    with pytest.raises(UsageError) as caught:
        parse_treatment(text, "t.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_names_doses_places_and_reasons():
    cures = parsed(
        "[[cure]]", 'name = "Lower_LR"', "factor = 0.03", 'why = "it bounced"',
        "[[cure]]", 'name = "he-init"', 'where = ["fc1", "encoder.*"]',
        "[[cure]]", 'name = "warm-up"', "steps = 30",
    )  # fmt: skip
    assert cures == (
        Cure("lower-lr", {"factor": 0.03}, why="it bounced"),
        Cure("he-init", {}, ("fc1", "encoder.*")),
        Cure("warm-up", {"steps": 30}),
    )
    assert cures[1].full_dose() == {"scale": 1.0}
    assert cures[2].full_dose() == {"steps": 30, "start": 0.01}


def test_one_place_may_be_a_word():
    assert parsed("[[cure]]", 'name = "relu"', 'where = "fc1"')[0].where == ("fc1",)


def test_a_dose_that_is_found_at_run_time_is_left_out():
    assert parsed("[[cure]]", 'name = "weight-decay"')[0].full_dose() == {}


ONE = 'version = 1\n[[cure]]\nname = "{}"\n{}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version = 1\n[[cure]", "t.toml is not valid TOML:"),
        ("[[cure]]\nname = 'relu'", "t.toml has no version; this gradwise reads version = 1."),
        ("version = 2\n[[cure]]\nname = 'relu'", "t.toml has version 2; this gradwise reads version = 1."),
        ("version = true", "t.toml has version True; this gradwise reads version = 1."),
        ("version = 1", "t.toml names no cure; give at least one [[cure]] table with a name."),
        ("version = 1\ncure = 'relu'", "t.toml names no cure; give at least one [[cure]] table with a name."),
        ("version = 1\ncures = 3", "there is no key 'cures' (did you mean 'cure'?)"),
        ("version = 1\n[[cure]]", "t.toml, cure 1 has no name"),
        (ONE.format("lower-rl", ""), "no remedy is called 'lower-rl' (did you mean 'lower-lr' or"),
        (ONE.format("lower-lr", "factr = 0.1"), "lower-lr has no 'factr' (did you mean 'factor'?); it takes factor, name"),
        (ONE.format("lower-lr", "factor = 5"), "lower-lr: factor takes a number from 1e-06 to 0.999, not 5."),
        (ONE.format("lower-lr", "factor = 'a'"), "factor takes a number from 1e-06 to 0.999, not 'a'."),
        (ONE.format("warm-up", "steps = 1.5"), "steps takes a whole number from 1 to 1e+06, not 1.5."),
        (ONE.format("lower-lr", "where = ['fc1']"), "lower-lr acts on whole runs, not on single modules; leave out where."),
        (ONE.format("relu", "where = 3"), "where takes names of modules such as"),
        (ONE.format("relu", "where = ['']"), "where takes names of modules such as"),
        (ONE.format("relu", "why = 3"), "why takes text, not 3."),
        (ONE.format("re-split", ""), "re-split cannot be given to a running script: which samples belong to which set"),
        ("version = 1\n[[cure]]\nname = 'relu'\n[[cure]]\nname = 'relu'", "gives relu twice at the same places; give it once."),
    ],
)  # fmt: skip
def test_every_mistake_is_one_sentence(text, words):
    assert words in refused(text)


@pytest.mark.parametrize("name", [n for n, r in all_remedies().items() if r.treat is None])
def test_cures_that_cannot_act_are_refused_with_a_reason(name):
    why = find_remedy(name).declaration.unable or "its way of acting is not written yet"
    assert f"{why}; make the edit that `gradwise explain {name}` shows." in refused(ONE.format(name, ""))


def test_files_that_cannot_be_read(tmp_path):
    for make in (lambda f: None, lambda f: f.mkdir(), lambda f: f.write_bytes(b"\xff\xfe\x00")):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.toml"
        make(file)
        with pytest.raises(UsageError) as caught:
            read_treatment(file)
        assert str(file) in str(caught.value)


def test_a_later_treatment_wins_where_both_give_the_same_cure():
    first = Treatment((Cure("lower-lr", {"factor": 0.1}), Cure("he-init", where=("a",))))
    second = Treatment((Cure("lower-lr", {"factor": 0.3}), Cure("he-init", where=("b",))))
    assert first.and_then(second).cures == (Cure("he-init", where=("a",)), *second.cures)


def cures():
    def doses(name):
        declared = find_remedy(name).declaration
        numbers = {
            dose.name: (st.integers if dose.whole else st.floats)(dose.low, dose.high)
            for dose in declared.doses
        }
        where = st.lists(st.text(min_size=1), max_size=3, unique=True) if declared.places else st.just([])
        return st.builds(
            lambda dose, where, why: Cure(name, dose, tuple(where), why),
            st.fixed_dictionaries({}, optional=numbers), where, st.text(),
        )  # fmt: skip

    unique = st.lists(st.sampled_from(applicable()), min_size=1, max_size=4, unique=True)
    return unique.flatmap(lambda names: st.tuples(*map(doses, names)))


@given(cures())
def test_what_is_written_is_read_again(given_cures):
    text = render_treatment(Treatment(given_cures), ["made by a test"])
    again = parse_treatment(text).cures
    assert [(c.name, c.full_dose(), c.where, c.why) for c in again] == [
        (c.name, c.full_dose(), c.where, c.why) for c in given_cures
    ]


def test_every_line_says_what_it_is():
    text = render_treatment(Treatment((Cure("warm-up"), Cure("weight-decay"), Cure("relu", where=("fc1",)))))
    assert tomllib.loads(text)["version"] == 1
    for line in text.splitlines():
        assert not line or "#" in line or line == "version = 1"
    assert "# decay =  # pull; unset: 0.01 for Adam, else 5e-4; from 1e-08 to 1" in text


def test_writing_to_a_place_that_is_none(tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        write_treatment(Treatment((Cure("relu"),)), tmp_path / "no" / "t.toml")
    write_treatment(Treatment((Cure("relu"),)), tmp_path / "t.toml")
    assert read_treatment(tmp_path / "t.toml").cures == (Cure("relu"),)
